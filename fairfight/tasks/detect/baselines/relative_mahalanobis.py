"""Distance to the classes beyond the distance to everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fairfight.tasks.registry import Choice, baseline

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Ren et al. 2021")
def relative_mahalanobis(
    brief: DetectBrief,
    *,
    depth: Annotated[str, Choice("all", "first", "middle", "late", "last")] = "last",
    join: Annotated[Literal["mean", "max"], Choice("mean", "max")] = "mean",
) -> Detector:
    """Score inputs by their squared Mahalanobis distance to the nearest class less that to all trusted inputs' mean.

    What is far from everything in the same way whatever the class cancels out. Published for the last layer.
    """
    from fairfight.parts.densities.activations import at_depth, finite_activations
    from fairfight.parts.densities.gaussian import fit_gaussian
    from fairfight.parts.densities.layers import layered_score

    subject, sites = brief.subject, at_depth(brief.subject.trunk, depth)
    trusted = finite_activations(subject, brief.trusted, sites, head=True)
    assert trusted.logits is not None
    decided = trusted.logits.argmax(dim=1)

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        classes, whole = fit_gaussian(x, decided[rows]), fit_gaussian(x)
        return lambda y: classes.distance(y) - whole.distance(y)

    return layered_score(subject, trusted, fit, join=join)
