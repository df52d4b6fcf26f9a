"""The tuned lens (Belrose et al. 2023, arXiv:2303.08112): an affine map from each layer to the subject's own answer.

Fitted here in closed form, by ridge regression onto the centred logits, so that it needs no training
loop and exists for any family, also where a layer's width is not the last one's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Lens:
    """One layer's affine map to logits."""

    centre: Float[Tensor, " d"]
    weight: Float[Tensor, "d classes"]
    bias: Float[Tensor, " classes"]

    def __call__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n classes"]:
        """The logits that this layer would answer with, up to a constant a row."""
        return (x - self.centre) @ self.weight + self.bias


def fit_lens(x: Float[Tensor, "n d"], logits: Float[Tensor, "n classes"], *, ridge: float = 0.01) -> Lens:
    """Regress centred logits on activations.

    Args:
        x: Activations of one layer.
        logits: What the subject answered.
        ridge: Penalty in units of the activations' mean variance.
    """
    target = logits - logits.mean(dim=1, keepdim=True)
    centre, bias = x.mean(dim=0), target.mean(dim=0)
    centred = x - centre
    gram = centred.T @ centred / len(x)
    penalty = ridge * gram.diagonal().mean().clamp_min(1e-8)
    gram = gram + penalty * torch.eye(x.shape[1], dtype=x.dtype)
    weight = torch.linalg.solve(gram, centred.T @ (target - bias) / len(x))
    return Lens(centre, weight, bias)
