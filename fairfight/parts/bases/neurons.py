"""Neurons: the basis the network itself computes in."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.bases.directions import Directions


def neurons(x: Float[Tensor, "n d"], *, k: int | None = None) -> Directions:
    """The coordinate axes; with ``k``, those along which ``x`` varies most, in that order."""
    axes = torch.eye(x.shape[1], dtype=x.dtype)
    if k is not None:
        axes = axes[x.var(dim=0, correction=0).argsort(descending=True, stable=True)[:k]]
    return Directions(x.mean(dim=0), axes)
