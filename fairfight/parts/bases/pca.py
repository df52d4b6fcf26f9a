"""Principal components (Pearson 1901): the directions in which activations vary most."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.bases.directions import Directions


def pca(x: Float[Tensor, "n d"], *, k: int | None = None, variance: float = 0.95) -> Directions:
    """The first ``k`` principal components, or as few as explain the share ``variance``.

    Args:
        x: Activations; at least one.
        k: How many components; all that the sample can tell apart if fewer exist.
        variance: Share of the variance to explain where ``k`` is not given, in (0, 1].
    """
    centre = x.mean(dim=0)
    _, lengths, rows = torch.linalg.svd(x - centre, full_matrices=False)
    power = lengths.double().square()
    real = int((power > power.sum() * 1e-12).sum())
    if k is None:
        explained = power.cumsum(0) / power.sum().clamp_min(1e-300)
        k = int((explained < variance - 1e-9).sum()) + 1
    return Directions(centre, rows[: min(k, real)])
