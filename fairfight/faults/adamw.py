"""AdamW (Loshchilov & Hutter 2019) on one flat vector.

The same numbers as ``torch.optim.AdamW``, whose first use imports torch's compiler: four seconds in every process.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass
class AdamW:
    """Parameters that share one flat storage, with the running moments of their gradient."""

    parameters: list[nn.Parameter]
    weights: Float[Tensor, " p"]
    gradient: Float[Tensor, " p"]
    """The parameters' gradients are views into it, so that ``backward`` fills it."""
    mean: Float[Tensor, " p"]
    square: Float[Tensor, " p"]
    weight_decay: float
    steps: int = 0

    @classmethod
    def over(cls, parameters: Iterable[nn.Parameter], weight_decay: float) -> AdamW:
        """Move the parameters into flat storage; :meth:`release` moves them out again."""
        chosen = [p for p in parameters if p.requires_grad]
        weights = torch.cat([p.detach().flatten() for p in chosen])
        gradient, mean, square = (torch.zeros_like(weights) for _ in range(3))
        sizes = [p.numel() for p in chosen]
        for p, w, g in zip(chosen, weights.split(sizes), gradient.split(sizes), strict=True):
            p.data, p.grad = w.view_as(p), g.view_as(p)
        return cls(chosen, weights, gradient, mean, square, weight_decay)

    def step(self, lr: float, *, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> None:
        """One update from the gradients that are there, which are then cleared."""
        self.steps += 1
        first, second = betas
        self.mean.lerp_(self.gradient, 1 - first)
        self.square.mul_(second).addcmul_(self.gradient, self.gradient, value=1 - second)
        scale = self.square.sqrt().div_(math.sqrt(1 - second**self.steps)).add_(eps)
        self.weights.mul_(1 - lr * self.weight_decay)
        self.weights.addcdiv_(self.mean, scale, value=-lr / (1 - first**self.steps))
        self.gradient.zero_()

    def release(self) -> None:
        """Give every parameter storage of its own and no gradient."""
        for p in self.parameters:
            p.data, p.grad = p.data.clone(), None


def one_cycle(step: int, steps: int, highest: float, *, rise: float = 0.2) -> float:
    """The learning rate of a step: up for the first fifth, then down to nothing, along cosines (Smith & Topin 2018)."""
    turn = max(rise * steps, 1.0)
    if step < turn:
        return highest * (0.04 + 0.96 * (1 - math.cos(math.pi * step / turn)) / 2)
    return highest * (1 + math.cos(math.pi * min((step - turn) / max(steps - turn, 1.0), 1.0))) / 2
