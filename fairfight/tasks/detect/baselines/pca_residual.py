"""What the principal components of trusted activations cannot rebuild is strange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fairfight.tasks.registry import Choice, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Jackson & Mudholkar 1979; Guan et al. 2023")
def pca_residual(
    brief: DetectBrief,
    *,
    variance: Annotated[float, Uniform(0.5, 0.99)] = 0.9,
    join: Annotated[Literal["mean", "max"], Choice("mean", "max")] = "mean",
) -> Detector:
    """Score inputs by how much of their activations lies outside the principal components of trusted ones."""
    from fairfight.parts.bases.pca import pca
    from fairfight.parts.densities.residuals import residual_score

    return residual_score(brief.subject, brief.trusted, lambda site, x: pca(x, variance=variance), join=join)
