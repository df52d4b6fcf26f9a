"""A strange reason for an answer: the pattern of which units pushed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fairfight.tasks.registry import Choice, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool("detect", source="Johnston et al. 2024, EleutherAI mechanistic anomaly detection")
def attribution_mahalanobis(
    brief: DetectBrief,
    *,
    baseline: Annotated[str, Choice("zero", "mean")] = "mean",
    join: Annotated[Literal["mean", "max"], Choice("mean", "max")] = "mean",
) -> Detector:
    """Score inputs by the Mahalanobis distance of their attribution pattern (gradient × activation)."""
    from fairfight.parts.densities.gaussian import fit_gaussian
    from fairfight.parts.densities.layers import fit_layers
    from fairfight.parts.scores.attribution import attribution
    from fairfight.subject import harvest

    subject, sites = brief.subject, brief.subject.trunk
    middle = None
    if baseline == "mean":
        acts = harvest(subject, brief.trusted, sites, pool="mean", head=False)
        middle = {site: acts[site].mean(dim=0) for site in sites}

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        gaussian = fit_gaussian(x)
        return lambda y: gaussian.distance(y).sqrt()

    layers = fit_layers(attribution(subject, brief.trusted, sites, baseline=middle), fit, join=join)

    def detect(inputs: Inputs) -> Tensor:
        return layers.score(attribution(subject, inputs, sites, baseline=middle))

    return detect
