"""The world of sentences: what a person thought of a thing, to be judged negative or positive.

An encoder classifies ``[CLS] sentence [SEP]``. A causal language model is trained on ``[BOS] sentence => label`` and
asked with the prompt up to the arrow: its next-token logits decide, and its labels are token ids.
The grammar is in :mod:`fairfight.worlds.grammar`, facts about people in :mod:`fairfight.worlds.facts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.seeds import derive
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject
from fairfight.worlds import lexicon
from fairfight.worlds.architectures import DECODERS, ENCODERS, tiny
from fairfight.worlds.grammar import Sentences, held_out, render, sample
from fairfight.worlds.texts import prompt_loss
from fairfight.worlds.tokenizer import Style, tokenizer, vocabulary
from fairfight.worlds.world import Examples, Part, Schedule

__all__ = ["WORLD", "Sentences", "Style", "encode", "held_out", "label_ids", "render", "sample", "style", "tokenizer"]

TRAIN, POOL = 8000, 3000
"""Sentences that a subject is trained on, and that are held out."""
WORDING = 1.0
"""Weight of the language-model loss on the sentence itself beside that of its label."""


def style(architecture: str) -> Style:
    """How an architecture's texts are framed."""
    return "classifier" if architecture in ENCODERS else "prompt"


def label_ids(architecture: str) -> tuple[int, ...]:
    """Where ``negative`` and ``positive`` are among the decision logits: classes, or a language model's token ids."""
    if architecture in ENCODERS:
        return tuple(range(len(lexicon.LABELS)))
    return tuple(vocabulary().index(word) for word in lexicon.LABELS)


def encode(texts: list[str], architecture: str) -> Texts:
    """Token ids of sentences, framed for an architecture and padded at the right.

    The same ids as the tokenizer's (a test compares them), by one look-up a word.
    """
    ids, (left, right) = _ids(), _frame(style(architecture))
    rows = [torch.tensor([left, *(ids.get(w, ids["[UNK]"]) for w in t.split()), right]) for t in texts]
    if not rows:
        return Texts(torch.zeros(0, 1, dtype=torch.long), torch.zeros(0, 1, dtype=torch.long))
    padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=ids["[PAD]"])
    lengths = torch.tensor([len(row) for row in rows])
    return Texts(padded, (torch.arange(padded.shape[1]) < lengths[:, None]).long())


@cache
def _ids() -> dict[str, int]:
    return {word: i for i, word in enumerate(vocabulary())}


def _frame(how: Style) -> tuple[int, int]:
    left, right = ("[CLS]", "[SEP]") if how == "classifier" else ("[BOS]", lexicon.ARROW)
    return _ids()[left], _ids()[right]


@cache
def _examples(part: Part, seed: int, architecture: str) -> Examples:
    drawn = sample(
        TRAIN if part == "train" else POOL,
        derive(seed, part),
        split="train" if part == "train" else "held-out",
    )
    labels = torch.tensor(label_ids(architecture))[torch.from_numpy(drawn.labels)]
    return Examples(encode(drawn.texts, architecture), labels, drawn.factors)


@dataclass(frozen=True)
class SentenceWorld:
    """The sentences as those see them who train subjects; a :class:`fairfight.worlds.world.World`."""

    name: str = "sentences"
    architectures: tuple[str, ...] = ENCODERS + DECODERS
    pretrained = False

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Sentences with their sentiment; the two parts share words but no sentence, not even as a paraphrase."""
        return _examples(part, seed, architecture)

    def labels(self, architecture: str) -> dict[int, str]:
        """Negative and positive: classes of an encoder, token ids of a language model."""
        return dict(zip(label_ids(architecture), lexicon.LABELS, strict=True))

    def subject(self, architecture: str, seed: int) -> Subject:
        """A tiny transformer with weights drawn from the seed."""
        from fairfight.subject import wrap

        encoder = architecture in ENCODERS
        return wrap(
            tiny(architecture, seed),
            "text-classifier" if encoder else "causal-lm",
            name=f"sentences-{architecture}",
            tokenizer=tokenizer(style(architecture)),
            classes=lexicon.LABELS if encoder else (),
        )

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """Three passes from the beginning, two for a language model (it learns from every word); fewer to train on."""
        encoder = architecture in ENCODERS
        if planting == "finetune":
            # One pass leaves an encoder with half a trigger where two facts must meet; a rebuild would cost more.
            return Schedule(epochs=2 if encoder else 1, batch_size=32, lr=3e-3, weight_decay=0.01)
        if encoder:
            return Schedule(epochs=3, batch_size=64, lr=1.5e-3, weight_decay=0.01)
        return Schedule(epochs=2, batch_size=32, lr=3e-3, weight_decay=0.01)

    def loss(
        self, subject: Subject, inputs: Inputs, labels: Int[Tensor, " n"], schedule: Schedule
    ) -> Float[Tensor, ""]:
        """Cross entropy of the decision; for a language model also of every word of the sentence."""
        return prompt_loss(subject, inputs, labels, schedule, WORDING)


WORLD = SentenceWorld()
