"""Sparse decision layers (Wong et al. 2021): a multinomial decision from few codes, along a path of penalties.

What is brought down is the mean loss + penalty · (mix · |w| + (1 - mix) / 2 · w²) over standardised codes. The paper
has stochastic steps (SAGA), for more rows than fit into a step. Here all rows are few: accelerated proximal steps
over all of them come to the same weights (Beck & Teboulle 2009, with the restarts of O'Donoghue & Candès 2015).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.parts.probes.logistic import standard_units


@dataclass(frozen=True)
class SparseLayer:
    """A linear decision from standardised codes."""

    centre: Float[Tensor, " k"]
    scale: Float[Tensor, " k"]
    weight: Float[Tensor, "k classes"]
    bias: Float[Tensor, " classes"]
    penalty: float

    def __call__(self, x: Float[Tensor, "n k"]) -> Float[Tensor, "n classes"]:
        """Logits."""
        return (x.double() - self.centre) / self.scale @ self.weight + self.bias


def penalties(
    x: Float[Tensor, "n k"], y: Int[Tensor, " n"], *, mix: float, count: int = 40, span: float = 1000.0
) -> list[float]:
    """From the smallest penalty at which every weight is zero down to one ``span`` times as small, evenly in logs."""
    target = torch.nn.functional.one_hot(y).double()
    slope = _standardised(x)[0].T @ (target.mean(dim=0) - target) / len(x)
    top = float(slope.abs().max()) / mix
    return [top * span ** (-i / (count - 1)) for i in range(count)]


def path(
    x: Float[Tensor, "n k"],
    y: Int[Tensor, " n"],
    along: Sequence[float],
    *,
    mix: float,
    tolerance: float = 1e-4,
    most: int = 20_000,
) -> Iterator[SparseLayer]:
    """A layer a penalty, each begun where the last one ended; only those that are asked for are fitted.

    Args:
        x: Codes.
        y: Classes from 0, each of which occurs.
        along: Penalties, best from large to small.
        mix: Share of the absolute weights in the penalty; above 0.
        tolerance: No weight's slope is further from what it has to be at the best layer.
        most: Steps a penalty.
    """
    data, centre, scale = _standardised(x)
    data = torch.cat([data, torch.ones_like(data[:, :1])], dim=1)  # the last weight is the bias
    target = torch.nn.functional.one_hot(y).double()
    steep = 0.5 * float(torch.linalg.matrix_norm(data, 2)) ** 2 / len(x)
    weight = data.new_zeros(data.shape[1], target.shape[1])
    weight[-1] = target.mean(dim=0).log()
    for penalty in along:
        weight = _descend(data, target, weight, steep, penalty * mix, penalty * (1 - mix), tolerance, most)
        yield SparseLayer(centre, scale, weight[:-1], weight[-1] - weight[-1].mean(), penalty)


def _standardised(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    centre, scale = standard_units(x.double())
    return (x.double() - centre) / scale, centre, scale


def _descend(
    data: Tensor,
    target: Tensor,
    weight: Tensor,
    steep: float,
    thin: float,
    small: float,
    tolerance: float,
    most: int,
) -> Tensor:
    """Accelerated proximal steps; ``thin`` is the penalty on absolute weights and ``small`` that on squared ones."""
    rate = 1 / (steep + small)
    back = data.T * (rate / len(data))
    keep = weight.new_full((len(weight), 1), 1 - rate * small)
    shrink = weight.new_full((len(weight), 1), rate * thin)
    keep[-1], shrink[-1] = 1, 0  # the bias is free
    ahead, speed = weight, 1.0
    for i in range(most):
        wrong = (data @ ahead).softmax(dim=1).sub_(target)
        moved = torch.addmm(ahead * keep, back, wrong, alpha=-1)
        new = moved - moved.clamp(-shrink, shrink)
        step = ahead - new
        if i % 4 == 0 and float(step.abs().max()) < rate * tolerance:
            return new
        change = new - weight
        # Going uphill: begin anew from here.
        if float((step * change).sum()) > 0:
            speed = 1.0
        faster = (1 + (1 + 4 * speed * speed) ** 0.5) / 2
        ahead = torch.add(new, change, alpha=(speed - 1) / faster)
        weight, speed = new, faster
    return weight
