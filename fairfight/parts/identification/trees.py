"""A decision tree over the last inputs and its own last answers: a recurrence of any shape (NARX; Leontaritis 1985)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from fairfight.errors import UserError
from fairfight.parts.programs import Batch

NONE = -(2**20)
"""What stands before a sequence begins: nothing else is so small."""


@dataclass(frozen=True)
class RecurrentTree:
    """A fitted tree, and how far it looks back."""

    tree: Any
    back: int
    """Earlier answers that it sees."""
    order: int
    """Inputs that it sees, the present one among them."""

    @property
    def size(self) -> int:
        """Nodes of the tree."""
        return int(self.tree.tree_.node_count)

    def predict(self, batch: Batch) -> Int[np.ndarray, "n length"]:
        """Answers at every position, from its own earlier answers."""
        return self.run(np.stack(list(batch.columns.values()), axis=2))

    def run(self, values: Int[np.ndarray, "n length channels"]) -> Int[np.ndarray, "n length"]:
        """The same for inputs as one array."""
        n, length, channels = values.shape
        seen = np.concatenate([np.full((n, self.order - 1, channels), NONE), values], axis=1)
        found = np.full((n, self.back + length), NONE, dtype=np.int64)
        for t in range(length):
            rows = np.concatenate([found[:, t : t + self.back], seen[:, t : t + self.order].reshape(n, -1)], axis=1)
            different, where = np.unique(rows, axis=0, return_inverse=True)
            found[:, self.back + t] = self.tree.predict(different)[where.reshape(-1)]
        return found[:, self.back :]


def recurrent_tree(
    values: Int[np.ndarray, "n length channels"],
    answers: Int[np.ndarray, "n length"],
    *,
    seed: int,
    longest: int = 4,
    held_out: float = 0.25,
) -> RecurrentTree:
    """Fit trees that look back differently far, and keep the one that does best on its own answers.

    Args:
        values: Inputs.
        answers: What is wanted at each position.
        seed: Breaks ties between splits.
        longest: Inputs that are looked back to at most; of answers half as many.
        held_out: Share of the examples, the last ones, by which the tree is chosen.

    Raises:
        UserError: There are fewer than two examples.
    """
    from sklearn.tree import DecisionTreeClassifier

    if len(values) < 2:
        raise UserError("A tree is fitted on some examples and chosen on others: give at least two.")
    cut = len(values) - max(1, round(len(values) * held_out))
    best: RecurrentTree | None = None
    most = -1.0
    for back in range(longest // 2 + 1):
        for order in range(1, longest + 1):
            rows, wanted = _rows(values[:cut], answers[:cut], back, order)
            tree = DecisionTreeClassifier(random_state=seed % 2**31).fit(rows, wanted)
            found = RecurrentTree(tree, back, order)
            share = float((found.run(values[cut:]) == answers[cut:]).mean())
            if share > most + 1e-9:
                best, most = found, share
    assert best is not None
    return best


def _rows(values: np.ndarray, answers: np.ndarray, back: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    n, length, channels = values.shape
    seen = np.concatenate([np.full((n, order - 1, channels), NONE), values], axis=1)
    said = np.concatenate([np.full((n, back), NONE), answers], axis=1)
    rows = [
        np.concatenate([said[:, t : t + back], seen[:, t : t + order].reshape(n, -1)], axis=1) for t in range(length)
    ]
    return np.concatenate(rows), answers.T.reshape(-1)
