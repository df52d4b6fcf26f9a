"""What a basis of trusted activations cannot rebuild is strange."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Uniform, tool

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.parts.bases.directions import Directions
    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool("detect", source="Jackson & Mudholkar 1979; Guan et al. 2023")
def pca_residual(
    brief: DetectBrief,
    *,
    variance: Annotated[float, Uniform(0.5, 0.99)] = 0.9,
    join: Annotated[str, Choice("mean", "max")] = "mean",
) -> Detector:
    """Score inputs by how much of their activations lies outside the principal components of trusted ones."""
    from fairfight.parts.bases.pca import pca

    return residual_detector(brief, lambda site, x: pca(x, variance=variance), join=join)


def residual_detector(brief: DetectBrief, basis: Callable[[str, Tensor], Directions], *, join: str) -> Detector:
    """A detector from a way of fitting a basis to the trusted activations [n, d] of a site."""
    from fairfight.parts.densities.layers import fit_layers
    from fairfight.subject import harvest

    subject = brief.subject

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        return basis(site, x).residual

    layers = fit_layers(harvest(subject, brief.trusted, subject.trunk, head=False), fit, join=join)  # type: ignore[arg-type]

    def detect(inputs: Inputs) -> Tensor:
        return layers.score(harvest(subject, inputs, subject.trunk, head=False))

    return detect
