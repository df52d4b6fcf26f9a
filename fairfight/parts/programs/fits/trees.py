"""Decision trees (Breiman et al. 1984) as programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.parts.programs.build import if_
from fairfight.parts.programs.expressions import Expr
from fairfight.parts.programs.fits.features import leaf, table
from fairfight.parts.programs.program import Program
from fairfight.parts.programs.spaces import Batch, Space

Array = NDArray[Any]


@dataclass(frozen=True)
class Tree:
    """A fitted tree."""

    program: Program
    leaves: int

    def predict(self, batch: Batch) -> Array:
        """What the tree says."""
        return self.program(batch)


def fit_tree(
    space: Space,
    batch: Batch,
    outputs: Array,
    *,
    features: Sequence[Expr] | None = None,
    leaves: int = 200,
    least: int = 1,
    seed: int = 0,
) -> Tree:
    """Fit a tree to outputs, or to every position of them.

    Args:
        space: The inputs.
        batch: Examples.
        outputs: [n] or [n, positions].
        features: What the tree may ask about; see :func:`~fairfight.parts.programs.fits.features.features`.
        leaves: The most leaves.
        least: The fewest examples in a leaf.
        seed: Of the order in which equally good questions are tried.
    """
    from sklearn.tree import DecisionTreeClassifier

    given = table(space, batch, outputs, features)
    model = DecisionTreeClassifier(max_leaf_nodes=max(2, leaves), min_samples_leaf=least, random_state=seed)
    model.fit(given.rows, given.outputs)
    tree, wide = model.tree_, outputs.ndim == 2

    def build(node: int) -> Expr:
        if tree.children_left[node] < 0:
            return leaf(model.classes_[int(np.argmax(tree.value[node]))].item(), wide)
        question = given.features[tree.feature[node]] <= floor(tree.threshold[node])
        return if_(question, build(int(tree.children_left[node])), build(int(tree.children_right[node])))

    return Tree(Program(space, build(0)), int(model.get_n_leaves()))
