"""A Gaussian with a shrunk covariance, and the Mahalanobis distance under it.

Ledoit & Wolf 2004 choose how far to shrink the sample covariance towards a multiple of the
identity; Lee et al. 2018 (arXiv:1807.03888) share one covariance among class means.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Gaussian:
    """Class means (one, if there are no classes) with a common covariance, in float64."""

    means: Float[Tensor, "classes d"]
    whitener: Float[Tensor, "d d"]
    """``x @ whitener`` has unit covariance."""
    shrinkage: float

    def distances(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n classes"]:
        """Squared Mahalanobis distance to every mean."""
        return torch.cdist(x.double() @ self.whitener, self.means @ self.whitener).square()

    def distance(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Squared Mahalanobis distance to the nearest mean."""
        return self.distances(x).amin(dim=1)


def ledoit_wolf(centred: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "d d"], float]:
    """The shrunk covariance of centred rows and the share that went to the identity."""
    n, d = centred.shape
    sample = centred.T @ centred / n
    mean_variance = sample.trace() / d
    squares = centred.square()
    spread = (sample.square().sum() - d * mean_variance**2) / d
    noise = ((squares.T @ squares).sum() / n - sample.square().sum()) / (d * n)
    share = 0.0 if noise <= 0 or spread <= 0 else float((noise / spread).clamp(max=1.0))
    identity = torch.eye(d, dtype=centred.dtype)
    return (1 - share) * sample + share * mean_variance * identity, share


def fit_gaussian(x: Float[Tensor, "n d"], labels: Int[Tensor, " n"] | None = None) -> Gaussian:
    """Fit one mean, or one for each label that occurs, and the shrunk covariance around them."""
    x = x.double()
    if labels is None:
        labels = torch.zeros(len(x), dtype=torch.long)
    names, index = torch.unique(labels, return_inverse=True)
    means = torch.stack([x[index == c].mean(dim=0) for c in range(len(names))])
    covariance, share = ledoit_wolf(x - means[index])
    values, vectors = torch.linalg.eigh(covariance)
    # A sample without spread (one input, a dead layer) still needs a finite distance.
    floor = torch.clamp(values.amax() * 1e-9, min=1e-12)
    return Gaussian(means, vectors / values.clamp_min(floor).sqrt(), share)
