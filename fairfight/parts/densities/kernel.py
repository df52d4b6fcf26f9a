"""A Gaussian on every known vector (Parzen 1962), in coordinates whitened with a shrunk covariance."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.densities.gaussian import Gaussian, fit_gaussian


@dataclass(frozen=True)
class Kernel:
    """Known vectors, whitened."""

    frame: Gaussian
    bank: Float[Tensor, "m d"]
    bandwidth: float

    def surprise(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Minus the logarithm of the density, up to a constant."""
        apart = torch.cdist(x.double() @ self.frame.whitener, self.bank).square()
        return log(len(self.bank)) - (-apart / (2 * self.bandwidth**2)).logsumexp(dim=1)


def fit_kernel(x: Float[Tensor, "m d"], *, width: float = 1.0) -> Kernel:
    """Keep the known vectors; the bandwidth is ``width`` times that of Scott's rule (1992)."""
    frame = fit_gaussian(x)
    m, d = x.shape
    return Kernel(frame, x.double() @ frame.whitener, width * m ** (-1 / (d + 4)))
