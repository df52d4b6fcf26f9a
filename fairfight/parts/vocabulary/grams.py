"""Sequences of words in texts: which texts hold which, and with which of them odd decisions come."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.parts.outliers.texts import words
from fairfight.subject.inputs import Texts

Gram = tuple[int, ...]
SPREAD = 0.1
"""Scores of healthy subjects vary by so much at least: less is taken for it."""


@dataclass(frozen=True)
class Found:
    """A sequence of words with which odd decisions come."""

    gram: Gram
    target: int
    """Column of the target."""
    rows: tuple[int, ...]
    """Texts that hold it, the oddest first."""
    mean: float
    """How odd they are, on average."""
    z: float
    """By how many standard errors that is above all other texts."""


def grams(texts: Texts, special: Int[Tensor, " s"], longest: int, least: int = 2) -> dict[Gram, list[int]]:
    """Sequences of up to so many neighbouring words, and which texts hold them; ``least`` or more must."""
    held: dict[Gram, list[int]] = defaultdict(list)
    there = words(texts, special).tolist()
    for i, (ids, real) in enumerate(zip(texts.ids.tolist(), there, strict=True)):
        row = [t for t, is_word in zip(ids, real, strict=True) if is_word]
        for gram in {tuple(row[at : at + n]) for n in range(1, longest + 1) for at in range(len(row) - n + 1)}:
            held[gram].append(i)
    return {gram: rows for gram, rows in held.items() if len(rows) >= least}


def odd_grams(held: dict[Gram, list[int]], score: Float[Tensor, "n k"], most: int) -> list[Found]:
    """The sequences whose texts are odder than others, by standard errors; of those in the same texts, the longest.

    Args:
        held: As from :func:`grams`.
        score: How odd each text is for each target.
        most: Sequences given at most.
    """
    found: list[Found] = []
    centre, spread = score.mean(0), score.std(0).clamp_min(SPREAD)
    best: dict[tuple[int, ...], Gram] = {}
    for gram, holders in held.items():
        key = tuple(holders)
        if key not in best or (-len(gram), gram) < (-len(best[key]), best[key]):
            best[key] = gram
    for key, gram in best.items():
        rows = torch.tensor(key)
        means = score[rows].mean(0)
        z = (means - centre) / spread * len(rows) ** 0.5
        k = int(z.argmax())
        order = rows[torch.argsort(score[rows, k], descending=True, stable=True)]
        found.append(Found(gram, k, tuple(order.tolist()), float(means[k]), float(z[k])))
    return sorted(found, key=lambda f: (-f.z, f.gram))[:most]
