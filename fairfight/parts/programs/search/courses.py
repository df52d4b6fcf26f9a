"""The states that many updates go through on the same sequences, and how much they tell about the outputs.

An update that an enumeration has kept comes as a table: its value for each state and each combination of what it reads.
Tables are followed for hundreds of updates at once; one that leaves the table's states is followed on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LOW = -1
"""The least state in a table."""
HIGH, FEW = (12, 40), 16
"""The greatest, and the greatest where no more than so many combinations are read."""
BEYOND = (53, 71)
"""States in a table only to tell updates apart."""
CHUNK = 256


@dataclass(frozen=True)
class Tapes:
    """Sequences of what updates read, and the outputs that are wanted."""

    combinations: Array
    """[combinations, columns] each that occurs, in whole numbers."""
    read: Array
    """[n, positions] which combination is read at each position."""
    mask: NDArray[np.bool_]
    """[n, positions] which positions there are."""
    beside: Array
    """[asked] a number for what is known at each output apart from the new state."""
    wanted: Array
    """[asked] a number for each output."""
    asked: Array
    """Which positions, counted over all examples, have outputs."""

    @property
    def high(self) -> int:
        """The greatest state in the tables."""
        return HIGH[len(self.combinations) <= FEW]

    @property
    def states(self) -> NDArray[np.int64]:
        """The states in the tables."""
        return np.array([*range(LOW, self.high + 1), *BEYOND], np.int64)

    def follow(self, rows: Array, begin: int) -> tuple[Array, NDArray[np.bool_]]:
        """The states of many updates.

        Args:
            rows: [updates, combinations x states] their tables.
            begin: The state to begin from.

        Returns:
            [updates, positions of all examples] the states after each position, and [updates] whether they stayed
            within the table.
        """
        n, width = self.read.shape
        place, high, many = np.arange(len(rows))[:, None], self.high, len(self.states)
        now = np.full((len(rows), n), begin)
        after = np.empty((len(rows), n, width), np.int16)
        inside = np.ones(len(rows), bool)
        for t in range(width):
            found = rows[place, self.read[:, t] * many + (now - LOW)]
            here = self.mask[:, t]
            inside &= (((found >= LOW) & (found <= high)) | ~here).all(axis=1)
            now = np.where(here, np.clip(found, LOW, high), now)
            after[:, :, t] = now
        return after[:, self.mask], inside

    def told(self, after: Array) -> tuple[Array, Array]:
        """How well states and what is known beside them tell the outputs.

        Args:
            after: [updates, positions of all examples], within the table.

        Returns:
            [updates] the share of outputs that the most usual one of their group is, and the number of groups.
        """
        outputs, known = int(self.wanted.max()) + 1, int(self.beside.max()) + 1
        groups = (self.high - LOW + 1) * known
        code = (after[:, self.asked].astype(np.int64) - LOW) * known + self.beside
        code = (code + np.arange(len(after))[:, None] * groups) * outputs + self.wanted
        counts = np.bincount(code.ravel(), minlength=len(after) * groups * outputs).reshape(-1, groups, outputs)
        usual = counts.max(axis=2)
        return usual.sum(axis=1) / len(self.wanted), (usual > 0).sum(axis=1)


def told_by(columns: list[Array], wanted: Array) -> tuple[float, int]:
    """The same for one update, whatever its states: the share of outputs that columns tell, and how many groups."""
    code = numbered(columns)
    pairs, counts = np.unique(code * (int(wanted.max()) + 1) + wanted, return_counts=True)
    groups, first = np.unique(pairs // (int(wanted.max()) + 1), return_index=True)
    return float(np.maximum.reduceat(counts, first).sum()) / len(wanted), len(groups)


def numbered(columns: list[Array]) -> Array:
    """A number for each combination of values, from 0."""
    code = np.zeros(len(columns[0]), np.int64)
    for c in columns:
        values, place = np.unique(c, return_inverse=True)
        _, code = np.unique(code * len(values) + place, return_inverse=True)
    return code
