"""Rule lists: if this, then that, else the next rule (sequential covering, Clark & Niblett 1989)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.parts.programs.build import eq, if_
from fairfight.parts.programs.expressions import Expr
from fairfight.parts.programs.fits.features import Table, leaf, table
from fairfight.parts.programs.program import Program
from fairfight.parts.programs.spaces import Batch, Space

Array = NDArray[Any]

VALUES = 12
"""Values of a feature that conditions are made of: all if there are no more, else quantiles."""
BEAM = 12
"""Conditions that are tried together with a second one."""


@dataclass(frozen=True)
class RuleList:
    """A fitted list."""

    program: Program
    rules: int

    def predict(self, batch: Batch) -> Array:
        """What the first rule that fits says."""
        return self.program(batch)


def fit_rules(
    space: Space,
    batch: Batch,
    outputs: Array,
    *,
    features: Sequence[Expr] | None = None,
    rules: int = 30,
    least: int = 2,
) -> RuleList:
    """Fit a list of rules of one or two conditions each.

    Args:
        space: The inputs.
        batch: Examples.
        outputs: [n] or [n, positions].
        features: What conditions may ask about; see :func:`~fairfight.parts.programs.fits.features.features`.
        rules: The most rules.
        least: The fewest examples that a rule must fit.
    """
    given = table(space, batch, outputs, features)
    classes, labels = np.unique(given.outputs, return_inverse=True)
    one_hot = np.eye(len(classes))[labels]
    conditions = _conditions(given)
    holds = np.stack([c for _, c in conditions], axis=1)
    left = np.ones(len(labels), bool)
    chosen: list[tuple[Expr, int]] = []
    while len(chosen) < rules and left.any() and one_hot[left].any(axis=0).sum() > 1:
        best = _best(holds, one_hot, left, least)
        if best is None:
            break
        which, said = best
        condition = conditions[which[0]][0]
        fits = holds[:, which[0]]
        if len(which) == 2:
            condition, fits = condition & conditions[which[1]][0], fits & holds[:, which[1]]
        chosen.append((condition, said))
        left &= ~fits
    rest = one_hot[left] if left.any() else one_hot
    wide = outputs.ndim == 2
    body = leaf(classes[int(rest.sum(axis=0).argmax())].item(), wide)
    for condition, said in reversed(chosen):
        body = if_(condition, leaf(classes[said].item(), wide), body)
    return RuleList(Program(space, body), len(chosen))


def _conditions(given: Table) -> list[tuple[Expr, Array]]:
    """Equal to a value, at most, more than: for each feature and some of its values."""
    found: list[tuple[Expr, Array]] = []
    for e, column in zip(given.features, given.rows.T, strict=True):
        values = np.unique(column)
        if len(values) > VALUES:
            values = np.unique(np.quantile(column, np.linspace(0, 1, VALUES), method="nearest"))
        for v in values.tolist() if len(values) > 1 else []:
            found += [(eq(e, v), column == v), (e <= v, column <= v), (e > v, column > v)]
    return found


def _best(holds: Array, one_hot: Array, left: Array, least: int) -> tuple[tuple[int, ...], int] | None:
    """The condition, or two together, that say most surely what an output is; and what they say."""
    alone = _sure(holds[left], one_hot[left], least)
    if not len(alone[0]) or alone[0].max() < 0:
        return None
    best: tuple[float, tuple[int, ...], int] = (-1.0, (), 0)
    for k in np.argsort(-alone[0], kind="stable")[:BEAM].tolist():
        if alone[0][k] > best[0]:
            best = (float(alone[0][k]), (k,), int(alone[1][k]))
        both = _sure(holds[left] & holds[left][:, [k]], one_hot[left], least)
        m = int(both[0].argmax())
        if both[0][m] > best[0] + 1e-9:
            best = (float(both[0][m]), (k, m), int(both[1][m]))
    return best[1], best[2]


def _sure(holds: Array, one_hot: Array, least: int) -> tuple[Array, Array]:
    """For each condition how sure it is, by Laplace's rule of succession, and of which output."""
    counts = holds.T.astype(float) @ one_hot
    covered = counts.sum(axis=1)
    sure = (counts.max(axis=1) + 1) / (covered + one_hot.shape[1])
    # A condition that always holds is no rule.
    return np.where((covered < least) | (covered == len(holds)), -1.0, sure), counts.argmax(axis=1)
