"""Tokens put into texts between their words: at the beginning, at the end, or somewhere that a text itself decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.parts.outliers.texts import words
from fairfight.subject.inputs import Inputs, Texts

Place = Literal["first", "somewhere", "last"]
PLACES: tuple[Place, ...] = ("first", "somewhere", "last")


@dataclass(frozen=True)
class Insert:
    """A sequence of tokens that is put into texts."""

    tokens: tuple[int, ...]
    place: Place
    special: Int[Tensor, " s"]
    """Ids that frame a text: nothing is put before the first of them or after the last."""
    longest: int
    """Texts lose their last words where they would have more tokens than this."""

    def __call__(self, inputs: Inputs) -> Texts:
        """The texts with the tokens in them."""
        assert isinstance(inputs, Texts)
        opened, hole = with_hole(inputs, len(self.tokens), self.place, self.special, self.longest)
        return Texts(opened.ids.masked_scatter(hole, torch.tensor(self.tokens).repeat(len(inputs))), opened.mask)


def with_hole(
    texts: Texts, size: int, place: Place, special: Int[Tensor, " s"], longest: int
) -> tuple[Texts, Bool[Tensor, "n tokens"]]:
    """Texts with room for as many tokens, and where it is.

    Args:
        texts: Padded at the right.
        size: Tokens that are to be put in.
        place: Before the first word, after the last, or before a word whose number the text's own ids decide.
        special: Ids that are no words.
        longest: Tokens a text may have with those put in.
    """
    texts = _cut(texts, longest - size)
    before = _spots(texts, place, special)[:, None]
    at = torch.arange(texts.ids.shape[1] + size)[None]
    hole = (at >= before) & (at < before + size)
    source = torch.where(at < before, at, (at - size).clamp_min(0))
    return Texts(texts.ids.gather(1, source), texts.mask.gather(1, source).masked_fill(hole, 1)), hole


def _spots(texts: Texts, place: Place, special: Int[Tensor, " s"]) -> Int[Tensor, " n"]:
    """Before which token of each text."""
    there = words(texts, special).long()
    # A text without words takes it before its last token.
    none = there.sum(1) == 0
    end = texts.mask.sum(1) - 1
    first = torch.where(none, end, there.argmax(1))
    last = torch.where(none, end, there.shape[1] - there.flip(1).argmax(1))
    if place == "somewhere":
        return first + (texts.ids * texts.mask).sum(1) % (last - first + 1)
    return first if place == "first" else last


def _cut(texts: Texts, longest: int) -> Texts:
    """Texts of at most so many tokens; a longer one keeps its beginning and its last token."""
    if texts.ids.shape[1] <= longest:
        return texts
    end = texts.mask.sum(1, keepdim=True) - 1
    ids, mask = texts.ids[:, :longest].clone(), texts.mask[:, :longest]
    ids[:, -1:] = torch.where(end >= longest, texts.ids.gather(1, end), ids[:, -1:])
    return Texts(ids, mask)
