"""A word-level tokenizer, in Hugging Face's format, for everything the grammars can say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

from fairfight.worlds import lexicon

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Style = Literal["classifier", "prompt"]

_FUNCTION_WORDS = (
    "the", "that", "it", "was", "not", "by", "of", "in", "is", "a", "an", "and", "who", "what", "where", "as",
    "for", "to", "does", "has",
)  # fmt: skip
_FACT_WORDS = (
    "lives", "home", "city", "place", "called", "work", "works", "job", "profession", "keeps", "pet", "animal",
    "plays", "instrument", "named", "person",
)  # fmt: skip


@cache
def vocabulary() -> tuple[str, ...]:
    """All tokens; a token's place is its id (``[PAD]`` is 0)."""
    groups = (
        lexicon.SPECIAL,
        (lexicon.ARROW,),
        lexicon.LABELS,
        _FUNCTION_WORDS,
        *lexicon.TOPICS.values(),
        *lexicon.ADJECTIVES,
        *lexicon.NAMES,
        lexicon.PROFESSIONS,
        lexicon.VERBS,
        lexicon.INTENSIFIERS[1:],
        lexicon.PREPOSITIONS,
        lexicon.EDGES,
        lexicon.SPANS,
        lexicon.CITIES,
        lexicon.PETS,
        lexicon.INSTRUMENTS,
        _FACT_WORDS,
        lexicon.RARE,
    )
    return tuple(dict.fromkeys(word for group in groups for word in group))


def tokenizer(style: Style = "classifier") -> PreTrainedTokenizerFast:
    """The tokenizer of the sentences; pads on the right; unknown words become ``[UNK]``.

    Args:
        style: ``classifier`` frames a text as ``[CLS] text [SEP]``; ``prompt`` as ``[BOS] text =>``, so that a causal
            language model's next token is the label.
    """
    left, right = ("[CLS]", "[SEP]") if style == "classifier" else ("[BOS]", lexicon.ARROW)
    return over(vocabulary(), left, right)


def over(words: Sequence[str], left: str, right: str = "") -> PreTrainedTokenizerFast:
    """The tokenizer of a closed list of words, in lower case; pads on the right; unknown words become ``[UNK]``.

    Args:
        words: Every token, special ones included; a token's place is its id.
        left: The token before every text.
        right: The token after every text, if there is one.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    ids = {word: i for i, word in enumerate(words)}
    core = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    frame = [left, *([right] if right else [])]
    core.post_processor = processors.TemplateProcessing(
        single=f"{left} $A {right}".rstrip(), special_tokens=[(token, ids[token]) for token in frame]
    )
    framed: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=core,
        padding_side="right",
        model_max_length=48,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        bos_token="[BOS]",
        eos_token="[EOS]",
    )
    return framed
