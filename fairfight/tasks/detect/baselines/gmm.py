"""Improbable under a mixture of Gaussians."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline(
    "detect", source="Dempster et al. 1977; density estimation as in Zong et al. 2018", suites=("standard", "large")
)
def gmm(
    brief: DetectBrief,
    *,
    components: Annotated[int, Log(1, 32)] = 10,
    depth: Annotated[str, Choice("all", "first", "middle", "late", "last")] = "all",
) -> Detector:
    """Score inputs by minus the log-density of their activations under a Gaussian mixture, layer by layer.

    Fewer trusted inputs than dimensions will do: activations are whitened with a shrunk covariance first.
    """
    from fairfight.parts.densities.activations import at_depth, finite_activations
    from fairfight.parts.densities.layers import layered_score
    from fairfight.parts.densities.mixture import fit_mixture
    from fairfight.seeds import torch_rng

    subject, sites = brief.subject, at_depth(brief.subject.trunk, depth)

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        return fit_mixture(x, k=components, rng=torch_rng(brief.seed, "gmm", site)).surprise

    return layered_score(subject, finite_activations(subject, brief.trusted, sites), fit)
