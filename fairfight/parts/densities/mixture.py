"""A mixture of Gaussians (Dempster et al. 1977), regularised so that it can be fitted to fewer vectors than dimensions.

Vectors are whitened first, with the Ledoit-Wolf covariance of all of them. There each component has a diagonal
covariance, drawn towards that of all components together by as much as ``prior`` observations.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.densities.clusters import k_means
from fairfight.parts.densities.gaussian import Gaussian, fit_gaussian


@dataclass(frozen=True)
class Mixture:
    """Fitted components, in whitened coordinates."""

    frame: Gaussian
    weights: Float[Tensor, " k"]
    means: Float[Tensor, "k d"]
    variances: Float[Tensor, "k d"]

    def surprise(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Minus the logarithm of the density, up to the constant of the whitening."""
        white = x.double() @ self.frame.whitener
        return -_joint(white, self.weights, self.means, self.variances).logsumexp(dim=1)


def fit_mixture(
    x: Float[Tensor, "n d"], *, k: int, rng: torch.Generator, prior: float = 10.0, rounds: int = 10
) -> Mixture:
    """Fit by expectation-maximisation from k-means.

    Args:
        x: At least one vector.
        k: Components at most.
        rng: Draws the beginnings of k-means.
        prior: Weight of the pooled variance in each component's, in observations.
        rounds: Steps at most.
    """
    frame = fit_gaussian(x)
    white = x.double() @ frame.whitener
    means, own = k_means(white, k=k, rng=rng, starts=1, rounds=10)
    share = torch.nn.functional.one_hot(own, len(means)).to(white)
    before = -torch.inf
    for _ in range(rounds):
        count = share.sum(dim=0)
        weights = (count + 1e-9) / (count.sum() + 1e-9 * len(count))
        means = share.T @ white / count.clamp_min(1e-9)[:, None]
        spread = share.T @ white.square() - count[:, None] * means.square()
        # The floor is what whitening gives a direction without spread.
        pooled = (spread.sum(dim=0) / len(white)).clamp_min(1e-3)
        variances = (spread.clamp_min(0) + prior * pooled) / (count + prior)[:, None]
        joint = _joint(white, weights, means, variances)
        likelihood = float(joint.logsumexp(dim=1).mean())
        if len(means) == 1 or likelihood < before + 1e-3:
            break
        before, share = likelihood, joint.softmax(dim=1)
    return Mixture(frame, weights, means, variances)


def _joint(white: Tensor, weights: Tensor, means: Tensor, variances: Tensor) -> Float[Tensor, "n k"]:
    """Logarithm of weight times density for each component."""
    # Products in place of the differences: [n, k, d] would not fit for wide layers.
    inverse = 1 / variances
    squares = white.square() @ inverse.T - 2 * white @ (means * inverse).T + (means.square() * inverse).sum(dim=1)
    return weights.log() - 0.5 * (squares + variances.log().sum(dim=1) + white.shape[1] * log(2 * pi))
