"""Thinly populated beside the neighbours' surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Breunig et al. 2000", suites=("standard", "large"))
def lof(
    brief: DetectBrief,
    *,
    k: Annotated[int, Log(5, 50)] = 20,
    depth: Annotated[str, Choice("all", "first", "middle", "late", "last")] = "last",
) -> Detector:
    """Score inputs by the local outlier factor of their activations among trusted ones, layer by layer."""
    from fairfight.parts.densities.activations import at_depth, finite_activations
    from fairfight.parts.densities.layers import layered_score
    from fairfight.parts.densities.local_factor import fit_local_factor

    subject, sites = brief.subject, at_depth(brief.subject.trunk, depth)

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        return fit_local_factor(x, k=k).factor

    return layered_score(subject, finite_activations(subject, brief.trusted, sites), fit)
