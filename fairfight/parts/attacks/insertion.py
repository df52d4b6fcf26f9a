"""Tokens put into texts between their words: at the beginning, at the end, or somewhere that a text itself decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.outliers.texts import words
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

Place = Literal["first", "somewhere", "last"]
PLACES: tuple[Place, ...] = ("first", "somewhere", "last")


@dataclass(frozen=True)
class Insertion:
    """Puts tokens between words."""

    place: Place
    """Before the first word, after the last, or before a word whose number the text's own ids decide."""
    special: Int[Tensor, " s"]
    """Ids that are no words: nothing is put before those that open a text or after those that close it."""
    longest: int
    """Texts lose their last words where they would have more tokens than this."""

    def put(self, texts: Texts, sequences: Int[Tensor, "m l"]) -> Texts:
        """All texts with the first sequence, then all with the second, and so on."""
        size, many = sequences.shape[1], len(sequences)
        opened, hole = _opened(_cut(texts, self.longest - size), size, self.place, self.special)
        each = sequences.repeat_interleave(len(texts), 0)
        return Texts(opened.ids.repeat(many, 1).masked_scatter(hole.repeat(many, 1), each), opened.mask.repeat(many, 1))


def place(subject: Subject, where: Place) -> Insertion:
    """Tokens go there between the words of a text that the subject can still read."""
    longest = int(getattr(getattr(subject.module, "config", None), "max_position_embeddings", 10**9))
    return Insertion(where, special_ids(subject.tokenizer), longest)


def _opened(texts: Texts, size: int, place: Place, special: Tensor) -> tuple[Texts, Bool[Tensor, "n tokens"]]:
    """Texts with room for so many tokens, and where it is."""
    before = _spots(texts, place, special)[:, None]
    at = torch.arange(texts.ids.shape[1] + size)[None]
    hole = (at >= before) & (at < before + size)
    source = torch.where(at < before, at, (at - size).clamp_min(0))
    return Texts(texts.ids.gather(1, source), texts.mask.gather(1, source).masked_fill(hole, 1)), hole


def _spots(texts: Texts, place: Place, special: Tensor) -> Int[Tensor, " n"]:
    """Before which token of each text; before the last one in a text without words."""
    there = words(texts, special).long()
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
