"""Improbable under a smooth histogram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Parzen 1962; Scott 1992 (bandwidth)", suites=("standard", "large"))
def kde(
    brief: DetectBrief,
    *,
    width: Annotated[float, Log(0.1, 3.0)] = 1.0,
    depth: Annotated[str, Choice("all", "first", "middle", "late", "last")] = "all",
) -> Detector:
    """Score inputs by minus the log-density of their activations under a Gaussian kernel estimate, layer by layer.

    ``width`` is in units of Scott's bandwidth, in coordinates that a shrunk covariance has whitened.
    """
    from fairfight.parts.densities.activations import at_depth, finite_activations
    from fairfight.parts.densities.kernel import fit_kernel
    from fairfight.parts.densities.layers import layered_score

    subject, sites = brief.subject, at_depth(brief.subject.trunk, depth)

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        return fit_kernel(x, width=width).surprise

    return layered_score(subject, finite_activations(subject, brief.trusted, sites), fit)
