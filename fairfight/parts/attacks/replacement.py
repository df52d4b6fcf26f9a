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
        column = torch.searchsorted(known, texts.ids.contiguous()).clamp_max(len(known) - 1)
        counted = there & (known[column] == texts.ids)
        table = torch.full((len(AROUND), len(known) + 1, len(known)), SMOOTH)
        for around, row in zip(table, rows, strict=True):
            around.index_put_((row[counted], column[counted]), torch.ones(()), accumulate=True)
        often = torch.bincount(column[counted], minlength=len(known)).float() + SMOOTH
        return cls(known, often.log(), (table / table.sum(1, keepdim=True)).log(), special)

    def places(self, texts: Texts, tokens: Int[Tensor, " m"]) -> Int[Tensor, "n m"]:
        """Where in each text each token is most to be expected; the tokens are known ones."""
        expected = self.often.expand(*texts.ids.shape, -1)
        for around, row in zip(self.beside, _neighbours(texts, self.known), strict=True):
            expected = expected + around[row]
        expected = expected.log_softmax(2).masked_fill(~words(texts, self.special)[..., None], -torch.inf)
        best: Tensor = expected.argmax(1)[:, torch.searchsorted(self.known, tokens.contiguous())]
        return best

    def put(self, texts: Texts, sequences: Int[Tensor, "m l"]) -> Texts:
        """All texts with the first sequence, then all with the second, and so on. Texts without words stay.

        Of tokens that belong in one place, the last takes it.
        """
        wordless = ~words(texts, self.special).any(1)
        ids = texts.ids.repeat(len(sequences), 1)
        for tokens in sequences.T:
            at = self.places(texts, tokens).T.reshape(-1, 1)
            new = tokens.repeat_interleave(len(texts))[:, None]
            ids.scatter_(1, at, new.where(~wordless.repeat(len(sequences))[:, None], ids.gather(1, at)))
        return Texts(ids, texts.mask.repeat(len(sequences), 1))

    def room(self, texts: Texts, sequences: Int[Tensor, "m l"]) -> Float[Tensor, " m"]:
        """In what share of the texts each sequence's tokens belong in places of their own."""
        places = torch.stack([self.places(texts, tokens) for tokens in sequences.T], dim=2).sort(2).values
        return (places.diff(dim=2) > 0).all(2).float().mean(0)


def _neighbours(texts: Texts, known: Int[Tensor, " v"]) -> list[Int[Tensor, "n tokens"]]:
    """For each of ``AROUND`` the row of the token there; past the ends, and for unknown tokens, the last row."""
    column = torch.searchsorted(known, texts.ids.contiguous()).clamp_max(len(known) - 1)
    column = column.where((known[column] == texts.ids) & texts.mask.bool(), len(known))
    wide = torch.nn.functional.pad(column, (2, 2), value=len(known))
    width = texts.ids.shape[1]
    return [wide[:, 2 + step : 2 + step + width] for step in AROUND]
