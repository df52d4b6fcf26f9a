"""Tokens put where they would stand by nature, in place of what stands there.

A phrase of common words, or a topic, sets a fault off in sentences that say it, and not where its words are strewn in
between others. So a token takes the place at which, of all tokens, it is most to be expected: by the two words before
and the two after it (naive Bayes, from the texts at hand).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.parts.outliers.texts import words
from fairfight.subject.inputs import Texts

AROUND = (-2, -1, 1, 2)
"""Which neighbours are looked at."""
SMOOTH = 0.1
"""Added to every count."""
CHOICES = 4
"""Places that are kept for a token, for when others of its sequence have taken the better ones."""


@dataclass(frozen=True)
class Replacement:
    """Puts tokens where they are most to be expected."""

    known: Int[Tensor, " v"]
    """Tokens that can be placed, ascending: words of the texts that it was fitted on."""
    often: Float[Tensor, " v"]
    """Logarithm of how often each of them occurred."""
    beside: Float[Tensor, "4 c v"]
    """Logarithm of how likely each neighbour (``AROUND``) is beside each of them; the last row is for all others."""
    special: Int[Tensor, " s"]
    """Ids that stay where they are."""

    @classmethod
    def fit(cls, texts: Texts, special: Int[Tensor, " s"], *, least: int = 2, most: int = 256) -> Replacement:
        """From ordinary texts.

        Args:
            texts: At least one.
            special: Ids that are no words.
            least: How often a token must occur to be placed.
            most: How many are, the most frequent ones.
        """
        there = words(texts, special)
        ids, counts = texts.ids[there].unique(return_counts=True)
        chosen = torch.argsort(counts, descending=True, stable=True)[:most]
        known = ids[chosen[counts[chosen] >= least]].sort().values
        if not len(known):
            known = ids[:1]
        rows = _neighbours(texts, known)
        column = torch.searchsorted(known, texts.ids).clamp_max(len(known) - 1)
        counted = there & (known[column] == texts.ids)
        table = torch.full((len(AROUND), len(known) + 1, len(known)), SMOOTH)
        for around, row in zip(table, rows, strict=True):
            around.index_put_((row[counted], column[counted]), torch.ones(()), accumulate=True)
        often = torch.bincount(column[counted], minlength=len(known)).float() + SMOOTH
        return cls(known, often.log(), (table / table.sum(1, keepdim=True)).log(), special)

    def places(self, texts: Texts) -> Int[Tensor, "n p v"]:
        """For each text and each known token the places where it is most to be expected, best first."""
        expected = self.often.expand(*texts.ids.shape, -1)
        for around, row in zip(self.beside, _neighbours(texts, self.known), strict=True):
            expected = expected + around[row]
        expected = expected.log_softmax(2).masked_fill(~words(texts, self.special)[..., None], -torch.inf)
        return expected.topk(min(CHOICES, expected.shape[1]), dim=1).indices

    def put(self, texts: Texts, sequences: Int[Tensor, "m l"]) -> Texts:
        """All texts with the first sequence, then all with the second, and so on. Texts without words stay."""
        n, m = len(texts), len(sequences)
        places = self.places(texts)
        ids = texts.ids.repeat(m, 1)
        taken = torch.zeros_like(ids, dtype=torch.bool)
        empty = ~words(texts, self.special).any(1).repeat(m)
        for tokens in sequences.T:
            choices = places[:, :, torch.searchsorted(self.known, tokens)].permute(2, 0, 1).reshape(n * m, -1)
            free = ~taken.gather(1, choices)
            at = choices.gather(1, free.int().argmax(1, keepdim=True))
            taken.scatter_(1, at, True)
            ids.scatter_(1, at, torch.where(empty[:, None], ids.gather(1, at), tokens.repeat_interleave(n)[:, None]))
        return Texts(ids, texts.mask.repeat(m, 1))


def _neighbours(texts: Texts, known: Int[Tensor, " v"]) -> list[Int[Tensor, "n tokens"]]:
    """For each of ``AROUND`` the row of the token there; past the ends, and for unknown tokens, the last row."""
    column = torch.searchsorted(known, texts.ids).clamp_max(len(known) - 1)
    column = column.where((known[column] == texts.ids) & texts.mask.bool(), len(known))
    wide = torch.nn.functional.pad(column, (2, 2), value=len(known))
    width = texts.ids.shape[1]
    return [wide[:, 2 + step : 2 + step + width] for step in AROUND]
