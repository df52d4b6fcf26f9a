"""Distance to trusted activations under a Gaussian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fairfight.tasks.registry import Choice, baseline

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Lee et al. 2018; Ledoit & Wolf 2004 (shrinkage)")
def mahalanobis(
    brief: DetectBrief,
    *,
    means: Annotated[str, Choice("classes", "one")] = "classes",
    depth: Annotated[str, Choice("all", "first", "middle", "late", "last")] = "all",
    join: Annotated[Literal["mean", "max"], Choice("mean", "max")] = "mean",
) -> Detector:
    """Score inputs by the Mahalanobis distance of their activations to the trusted ones, layer by layer.

    ``classes`` has a mean for each class that the subject decides for on trusted inputs and takes the nearest. The
    covariance is shrunk, so that fewer trusted inputs than dimensions will do. ``depth`` picks one layer.
    """
    from fairfight.parts.densities.activations import at_depth, finite_activations
    from fairfight.parts.densities.gaussian import fit_gaussian
    from fairfight.parts.densities.layers import layered_score

    subject, sites = brief.subject, at_depth(brief.subject.trunk, depth)
    trusted = finite_activations(subject, brief.trusted, sites, head=True)
    assert trusted.logits is not None
    decided = trusted.logits.argmax(dim=1)

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        gaussian = fit_gaussian(x, decided[rows] if means == "classes" else None)
        return lambda y: gaussian.distance(y).sqrt()

    return layered_score(subject, trusted, fit, join=join)
