"""Logistic regression on standardised activations, by Newton's method (Alain & Bengio 2016: linear probes)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class LinearProbe:
    """One direction in activation space."""

    centre: Float[Tensor, " d"]
    scale: Float[Tensor, " d"]
    weight: Float[Tensor, " d"]
    bias: float

    def __call__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Log-odds of the positive class."""
        return (x.double() - self.centre) / self.scale @ self.weight + self.bias


def standard_units(x: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], Float[Tensor, " d"]]:
    """Mean and standard deviation of each column; a constant column's is that of all others, so that it stays tame."""
    spread = x.std(dim=0, correction=0)
    live = spread > 1e-9 * spread.max().clamp_min(1e-30)
    usual = spread[live].mean() if bool(live.any()) else torch.ones((), dtype=x.dtype)
    return x.mean(dim=0), torch.where(live, spread, usual)


def fit_logistic(
    x: Float[Tensor, "n d"], positive: Bool[Tensor, " n"], *, penalty: float = 1.0, rounds: int = 12
) -> LinearProbe:
    """Penalised maximum likelihood; both classes count the same, whatever their numbers.

    Args:
        x: Activations.
        positive: Which rows are positive; at least one is and one is not.
        penalty: Half of it times the squared length of the weight is added to the summed loss.
        rounds: Newton steps at most.
    """
    x, y = x.double(), positive.double()
    centre, scale = standard_units(x)
    data = torch.cat([(x - centre) / scale, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)
    # The bias is not penalised, but for a hair that keeps the system solvable.
    ridge = torch.full((data.shape[1],), penalty, dtype=x.dtype)
    ridge[-1] = 1e-6
    share = torch.where(positive, 0.5 / y.mean(), 0.5 / (1 - y).mean())
    weight = data.new_zeros(data.shape[1])
    loss = _loss(data, y, share, ridge, weight)
    for _ in range(rounds):
        chance = (data @ weight).sigmoid()
        slope = data.T @ (share * (chance - y)) + ridge * weight
        bend = data.T @ (data * (share * chance * (1 - chance))[:, None]) + ridge.diag()
        step = torch.linalg.solve(bend, slope)
        size = 1.0
        while size > 1e-3 and _loss(data, y, share, ridge, weight - size * step) > loss:
            size /= 2
        weight = weight - size * step
        now = _loss(data, y, share, ridge, weight)
        if loss - now < 1e-6 * len(x):
            break
        loss = now
    return LinearProbe(centre, scale, weight[:-1], float(weight[-1]))


def _loss(data: Tensor, y: Tensor, share: Tensor, ridge: Tensor, weight: Tensor) -> float:
    logits = data @ weight
    wrong = torch.nn.functional.binary_cross_entropy_with_logits(logits, y, weight=share, reduction="sum")
    return float(wrong + 0.5 * (ridge * weight.square()).sum())
