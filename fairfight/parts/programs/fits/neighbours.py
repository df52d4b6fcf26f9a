"""The nearest known inputs (Fix & Hodges 1951): a surrogate that explains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.parts.programs.expressions import Expr
from fairfight.parts.programs.fits.features import Table, rows, spread, table
from fairfight.parts.programs.spaces import Batch, Space

Array = NDArray[Any]

CHUNK = 512


@dataclass(frozen=True)
class Neighbours:
    """Known rows, and how many of them vote."""

    known: Table
    scale: Array
    k: int
    wide: bool

    @property
    def size(self) -> int:
        """Numbers that are kept."""
        return int(self.known.rows.size)

    def predict(self, batch: Batch) -> Array:
        """What most of the nearest known inputs, or positions, gave; the first of equals."""
        asked = rows(self.known.features, batch, self.wide) * self.scale
        base = self.known.rows * self.scale
        classes, labels = np.unique(self.known.outputs, return_inverse=True)
        found = np.empty(len(asked), np.int64)
        for begin in range(0, len(asked), CHUNK):
            part = asked[begin : begin + CHUNK]
            far = (part**2).sum(1)[:, None] - 2 * part @ base.T + (base**2).sum(1)
            nearest = _least(far, self.k)
            votes = np.eye(len(classes))[labels[nearest]].sum(axis=1)
            found[begin : begin + CHUNK] = votes.argmax(axis=1)
        return spread(classes[found], batch, self.wide)


def _least(far: Array, k: int) -> Array:
    """The places of the k least of each row, the first of equals first; ``far`` is used up."""
    found, rows_ = np.empty((len(far), k), np.int64), np.arange(len(far))
    for turn in range(k):
        found[:, turn] = far.argmin(axis=1)
        far[rows_, found[:, turn]] = np.inf
    return found


def fit_neighbours(
    space: Space, batch: Batch, outputs: Array, *, features: Sequence[Expr] | None = None, k: int = 3
) -> Neighbours:
    """Keep the examples; distances are in features divided by how much they vary.

    Args:
        space: The inputs.
        batch: Examples.
        outputs: [n] or [n, positions].
        features: What distances are measured in; see :func:`~fairfight.parts.programs.fits.features.features`.
        k: How many vote.
    """
    known = table(space, batch, outputs, features)
    spread_ = known.rows.std(axis=0)
    return Neighbours(known, 1 / np.where(spread_ > 0, spread_, 1.0), min(k, len(known.rows)), outputs.ndim == 2)
