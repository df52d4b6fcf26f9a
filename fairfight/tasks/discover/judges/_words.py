"""Two judges of texts: naive Bayes over words and pairs of words, and what a candidate brings in and takes away.

Words are token ids. The second judge counts words, pairs and places (which word opens and which closes a text).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from fairfight.subject.inputs import Inputs, Texts
from fairfight.tasks.discover.judges import Judge

SMOOTHING = 0.5
SHARPNESS = 12.0
"""Inverse temperature of the likeness of what came in and went."""

Tokens = list[int]


def tokens(inputs: Inputs) -> list[Tokens]:
    """Token ids of every text, without padding."""
    assert isinstance(inputs, Texts)
    rows = zip(inputs.ids.tolist(), inputs.mask.tolist(), strict=True)
    return [[t for t, real in zip(ids, mask, strict=True) if real] for ids, mask in rows]


def features(text: Tokens) -> set[tuple[object, ...]]:
    """Words and pairs of neighbours."""
    return {(t,) for t in text} | set(pairwise(text))


def placed(text: Tokens) -> list[tuple[object, ...]]:
    """Words, pairs, and which words open and close the text."""
    edges = [("first", *text[:2]), ("second", *text[1:3]), ("last", *text[-2:])]
    return [*((t,) for t in text), *pairwise(text), *edges]


class NaiveBayes:
    """Whether words and pairs are there, each on its own; texts of all options are as likely at first."""

    name = "naive-bayes"

    def __init__(self, options: Sequence[list[Tokens]]) -> None:
        """Count in how many of each option's texts a feature occurs."""
        counts = [Counter(f for text in texts for f in features(text)) for texts in options]
        known = sorted({f for c in counts for f in c}, key=repr)
        self._places = {f: i for i, f in enumerate(known)}
        rates = np.array([[c[f] for f in known] for c in counts], dtype=np.float64)
        sizes = np.array([len(texts) for texts in options], dtype=np.float64)[:, None]
        share = (rates + SMOOTHING) / (sizes + 2 * SMOOTHING)
        self._present, self._absent = np.log(share), np.log1p(-share)

    def likelihoods(self, shown: Inputs, bases: Inputs | None) -> np.ndarray:
        """Mean log-likelihood over the texts, as probabilities."""
        total = np.zeros(len(self._present))
        texts = tokens(shown)
        for text in texts:
            there = np.zeros(self._present.shape[1], dtype=bool)
            there[[self._places[f] for f in features(text) if f in self._places]] = True
            total += np.where(there, self._present, self._absent).sum(axis=1)
        total /= max(1, len(texts))
        found = np.exp(total - total.max())
        return np.asarray(found / found.sum())


class Difference:
    """What came in and what went, weighed by how rare it is among the options."""

    name = "difference"

    def __init__(self, options: Sequence[list[Tokens]], bases: list[Tokens]) -> None:
        """Count what each option brings in and takes away."""
        self._usual = _shares(bases)
        moved = [_moved(_shares(texts), self._usual) for texts in options]
        spread = Counter(f for m in moved for f in m)
        self._weights = {f: float(np.log((1 + len(options)) / n)) for f, n in spread.items()}
        self._options = moved

    def likelihoods(self, shown: Inputs, bases: Inputs | None) -> np.ndarray:
        """By the cosine between what the candidate and what each option brings in and takes away."""
        mine = _moved(_shares(tokens(shown)), self._usual if bases is None else _shares(tokens(bases)))
        like = np.array([self._cosine(mine, option) for option in self._options])
        found = np.exp(SHARPNESS * (like - like.max()))
        return np.asarray(found / found.sum())

    def _cosine(self, one: dict[object, float], other: dict[object, float]) -> float:
        inner = sum(self._weights[f] ** 2 * v * one[f] for f, v in other.items() if f in one)
        size = self._size(one) * self._size(other)
        return inner / size if size else 0.0

    def _size(self, moved: dict[object, float]) -> float:
        return float(np.sqrt(sum((self._weights.get(f, 1.0) * v) ** 2 for f, v in moved.items())))


def _shares(texts: Iterable[Tokens]) -> dict[object, float]:
    rows = list(texts)
    counts = Counter(f for text in rows for f in set(placed(text)))
    return {f: n / max(1, len(rows)) for f, n in counts.items()}


def _moved(after: dict[object, float], before: dict[object, float]) -> dict[object, float]:
    found = {f: after.get(f, 0.0) - before.get(f, 0.0) for f in after.keys() | before.keys()}
    return {f: v for f, v in found.items() if abs(v) > 0.02}


def judges_of_words(options: Sequence[Inputs], bases: Inputs) -> tuple[Judge, ...]:
    """Both judges."""
    texts = [tokens(x) for x in options]
    return NaiveBayes(texts), Difference(texts, tokens(bases))
