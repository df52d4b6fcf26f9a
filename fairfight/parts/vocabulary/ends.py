"""Texts at the end of a direction inside a subject."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

RIDGE = 0.1
"""Added to the covariance, in units of its mean diagonal."""


def difference(x: Float[Tensor, "n d"], rows: Int[Tensor, " m"], others: Int[Tensor, " k"]) -> Float[Tensor, " d"]:
    """From the mean of some rows to that of others back again, in units of how others vary (Fisher's discriminant)."""
    if not len(others):
        return x[rows].mean(0)
    rest = x[others] - x[others].mean(0)
    spread = rest.T @ rest / len(others)
    spread.diagonal().add_(RIDGE * float(spread.diagonal().mean()) + 1e-6)
    found: Tensor = torch.linalg.solve(spread, x[rows].mean(0) - x[others].mean(0))
    unit: Tensor = found / found.norm().clamp_min(1e-12)
    return unit


def far_out(along: Float[Tensor, " n"], most: int) -> Int[Tensor, " m"]:
    """Rows beyond the widest gap in the upper tail, the farthest first: at least two and at most so many."""
    values, order = along.sort(descending=True, stable=True)
    size = min(most, len(values) - 1)
    if size < 2:
        return order[: max(1, size)]
    gaps = values[1:size] - values[2 : size + 1]
    return order[: 2 + int(gaps.argmax())]
