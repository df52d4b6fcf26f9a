"""Random orthonormal directions: a basis that knows nothing, for placebos."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.bases.directions import Directions


def random_directions(x: Float[Tensor, "n d"], *, k: int, rng: torch.Generator) -> Directions:
    """``k`` orthonormal directions drawn evenly over the sphere, around the mean of ``x``."""
    d = x.shape[1]
    drawn = torch.randn(d, min(k, d), generator=rng, dtype=torch.float32)
    return Directions(x.mean(dim=0), torch.linalg.qr(drawn).Q.T.to(x))
