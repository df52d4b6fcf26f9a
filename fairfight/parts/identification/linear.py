"""Linear recurrences with whole coefficients: an answer from earlier answers and inputs (ARX; Ljung 1999)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from fairfight.errors import UserError
from fairfight.parts.programs import Expr, Program, Space, item, scan, state
from fairfight.parts.states.regression import combination

NEAR = 0.05
"""How far a coefficient may lie from a whole number."""


def linear_recurrence(
    space: Space,
    values: Int[np.ndarray, "n length channels"],
    answers: Int[np.ndarray, "n length"],
    *,
    longest: int = 8,
) -> tuple[Program, float]:
    """The shortest recurrence ``y = a·(earlier y) + b·(earlier x, x) + c`` that gives the answers.

    Orders are tried from few terms to many; before a sequence begins everything is zero. Coefficients are fitted by
    least squares and rounded.

    Args:
        space: What the inputs are called.
        values: Inputs.
        answers: What is wanted at each position.
        longest: How many earlier answers, and inputs, are looked back to at most.

    Returns:
        The program, and the share of positions at which it is right when it runs on its own answers.

    Raises:
        UserError: There are no examples.
    """
    if not len(values):
        raise UserError("There are no examples to find a recurrence from: give at least one.")
    best: tuple[Program, float] | None = None
    for order in range(1, longest + 1):
        for back in (0, order):
            weights = _fitted(values, answers, back, order)
            share = float((_run(weights, values, back, order) == answers).mean())
            if best is None or share > best[1] + 1e-9:
                best = _program(space, weights, back, order), share
            if share == 1.0:
                return best
    assert best is not None
    return best


def _lags(series: np.ndarray, lags: Sequence[int]) -> np.ndarray:
    """A series [n, length, k] at some lags, zero before it begins, side by side."""
    columns = []
    for lag in lags:
        moved = np.zeros_like(series)
        moved[:, lag:] = series[:, : series.shape[1] - lag]
        columns.append(moved)
    return np.concatenate(columns, axis=2) if columns else series[:, :, :0]


def _fitted(values: np.ndarray, answers: np.ndarray, back: int, order: int) -> Int[np.ndarray, " terms"]:
    """Coefficients of earlier answers, of inputs from the last on, and the constant."""
    rows = np.concatenate(
        [_lags(answers[..., None], range(1, back + 1)), _lags(values, range(order)), np.ones_like(answers)[..., None]],
        2,
    ).reshape(answers.size, -1)
    found: Float[np.ndarray, " terms"] = np.linalg.lstsq(rows.astype(float), answers.reshape(-1).astype(float))[0]
    return np.round(found).astype(np.int64)


def _run(weights: np.ndarray, values: np.ndarray, back: int, order: int) -> np.ndarray:
    """What the recurrence answers, from its own earlier answers; what grows beyond all bounds is cut."""
    fed = _lags(values, range(order)) @ weights[back:-1] + weights[-1]
    found = np.zeros((len(values), values.shape[1] + back), dtype=np.int64)
    for t in range(values.shape[1]):
        earlier = found[:, t : t + back][:, ::-1]
        found[:, t + back] = np.clip(fed[:, t] + earlier @ weights[:back], -(2**40), 2**40)
    return found[:, back:]


def _program(space: Space, weights: np.ndarray, back: int, order: int) -> Program:
    """A scan that keeps the earlier answers and inputs; the newest answer comes first among its states."""
    channels, kept = len(space.inputs), max(1, back)
    answers = [state(i) for i in range(kept)]
    inputs = [item(c) for c in range(channels)]
    earlier = [state(kept + i) for i in range(channels * (order - 1))]
    newest = combination(weights[:-1], int(weights[-1]), [*answers[:back], *inputs, *earlier])
    updates: list[Expr] = [newest, *answers[:-1], *[*inputs, *earlier][: len(earlier)]]
    names = [space[entry.name] for entry in space.inputs]
    return Program(space, scan(names, [0] * len(updates), updates, state(0)))
