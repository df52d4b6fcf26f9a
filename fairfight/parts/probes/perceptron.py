"""A classifier with one hidden layer on standardised activations, trained by Adam on all rows at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from fairfight.faults.adamw import AdamW
from fairfight.parts.probes.logistic import standard_units


@dataclass(frozen=True)
class Perceptron:
    """Standardise, hidden ReLUs, log-odds."""

    centre: Float[Tensor, " d"]
    scale: Float[Tensor, " d"]
    inner: Float[Tensor, "h d"]
    inner_bias: Float[Tensor, " h"]
    outer: Float[Tensor, " h"]
    bias: Float[Tensor, ""]

    def __call__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Log-odds of the positive class."""
        data = (x.float() - self.centre) / self.scale
        return (data @ self.inner.T + self.inner_bias).relu() @ self.outer + self.bias


@torch.no_grad()
def fit_perceptron(
    x: Float[Tensor, "n d"],
    positive: Bool[Tensor, " n"],
    *,
    width: int,
    steps: int,
    rng: torch.Generator,
    rate: float = 5e-3,
    decay: float = 1e-3,
) -> Perceptron:
    """Minimise cross entropy, with both classes counting the same.

    Args:
        x: Activations.
        positive: Which rows are positive; at least one is and one is not.
        width: Hidden units.
        steps: Gradient steps, each over all rows.
        rng: Draws the initial weights.
        rate: Adam's learning rate.
        decay: Penalty on squared weights.
    """
    x, y = x.float(), positive.float()
    centre, scale = standard_units(x)
    data = (x - centre) / scale
    share = torch.where(positive, 0.5 / y.mean(), 0.5 / (1 - y).mean()) / len(y)
    inner = torch.randn((width, x.shape[1]), generator=rng).to(x) * (2 / x.shape[1]) ** 0.5
    outer = torch.randn(width, generator=rng).to(x) * width**-0.5
    drawn = (inner, x.new_zeros(width), outer, x.new_zeros(()))
    inner, inner_bias, outer, bias = weights = [nn.Parameter(w) for w in drawn]
    adam = AdamW.over(weights, 0.0)
    for _ in range(steps):
        hidden = torch.addmm(inner_bias, data, inner.T).relu_()
        # Gradients by hand: at this size autograd costs more than the products.
        wrong = share * ((hidden @ outer + bias).sigmoid() - y)
        back = torch.outer(wrong, outer).mul_(hidden > 0)
        slopes = (back.T @ data + decay * inner, back.sum(dim=0), hidden.T @ wrong + decay * outer, wrong.sum())
        adam.gradient.copy_(torch.cat([s.flatten() for s in slopes]))
        adam.step(rate)
    adam.release()
    return Perceptron(centre, scale, *(w.detach() for w in weights))
