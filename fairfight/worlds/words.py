"""Closed lists of words, for worlds whose texts are made of them: tokenizer, encoding, transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fairfight.errors import UserError
from fairfight.subject.inputs import Texts
from fairfight.worlds.architectures import tiny
from fairfight.worlds.tokenizer import over

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

SPECIAL = ("[PAD]", "[UNK]", "[BOS]", "[EOS]", "[CLS]", "[SEP]")


@dataclass(frozen=True)
class Words:
    """A closed list of words and how a text of them is framed."""

    words: tuple[str, ...]
    """All that can be said, without the special tokens."""
    left: str
    """The token before every text: ``[CLS]`` or ``[BOS]``."""
    right: str = ""
    """The token after every text, if there is one."""

    @cached_property
    def ids(self) -> dict[str, int]:
        """Every token's id; ``[PAD]`` is 0."""
        return {word: i for i, word in enumerate(dict.fromkeys((*SPECIAL, *self.words)))}

    def encode(self, texts: Sequence[str]) -> Texts:
        """Token ids of texts, framed and padded at the right.

        Raises:
            UserError: A text has a word that is not in the list.
        """
        ids, right = self.ids, ([self.ids[self.right]] if self.right else [])
        try:
            rows = [torch.tensor([ids[self.left], *(ids[w] for w in t.split()), *right]) for t in texts]
        except KeyError as error:
            raise UserError(f"The word {error} is not among those of this world: use its own words.") from None
        if not rows:
            return Texts(torch.zeros(0, 1, dtype=torch.long), torch.zeros(0, 1, dtype=torch.long))
        padded: Tensor = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=0)
        lengths = torch.tensor([len(row) for row in rows])
        return Texts(padded, (torch.arange(padded.shape[1]) < lengths[:, None]).long())

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The same in Hugging Face's format; unknown words become ``[UNK]``."""
        return over(tuple(self.ids), self.left, self.right)

    def transformer(
        self, architecture: str, seed: int, *, classes: Sequence[str] = (), **shape: int
    ) -> PreTrainedModel:
        """An untrained tiny transformer over these words, its weights drawn from the seed.

        Args:
            architecture: ``bert``, ``gpt2``, ``llama`` or ``gpt-neox``.
            seed: Draws the weights; torch's global generator is left as it was.
            classes: Names of an encoder's classes.
            shape: ``width``, ``layers``, ``inner`` as :func:`fairfight.worlds.architectures.tiny` takes them.
        """
        return tiny(architecture, seed, words=tuple(self.ids), classes=classes, **shape)
