"""Distance to trusted activations under a Gaussian, written down in one of many bases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool(
    "detect",
    source="Lee et al. 2018, in the bases of Hyvärinen 1999, Lloyd 1982 and Pearson 1901",
    reusable=True,
    suites=("standard", "large"),
)
def basis_mahalanobis(
    brief: DetectBrief,
    *,
    basis: Annotated[str, Choice("neurons", "pca", "ica", "kmeans", "sae")] = "ica",
    k: Annotated[int, Log(4, 64)] = 32,
    depth: Annotated[str, Choice("last", "middle")] = "last",
) -> Detector:
    """Score inputs by the Mahalanobis distance of their codes in a basis chosen by name.

    In a basis that keeps everything the distance is the same as in any other, apart from the shrinkage of the
    covariance: bases differ in what they leave out, and k-means and sparse codes in that they bend.
    """
    from fairfight.parts.bases.named import encoder

    return distance_in(brief, lambda x: encoder(basis, x, k=k, seed=brief.seed), depth=depth)


def distance_in(brief: DetectBrief, encoder: Callable[[Tensor], Callable[[Tensor], Tensor]], *, depth: str) -> Detector:
    """A detector from a way of fitting an encoder [n, d] → [n, k] to the trusted activations of one site."""
    from fairfight.parts.densities.gaussian import fit_gaussian
    from fairfight.tasks.detect.tools.sae_reconstruction import scored_by

    def strangeness(x: Tensor) -> Callable[[Tensor], Tensor]:
        encode = encoder(x)
        codes = encode(x)
        if not codes.shape[1]:  # One activation, or many alike, has no directions: nothing is told from anything.
            return lambda y: y.new_zeros(len(y))
        gaussian = fit_gaussian(codes)
        return lambda y: gaussian.distance(encode(y)).sqrt()

    return scored_by(brief, strangeness, depth=depth, grain="input")
