"""Distance to trusted activations under a Gaussian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, baseline

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Lee et al. 2018; Ren et al. 2021 (relative); Ledoit & Wolf 2004 (shrinkage)")
def mahalanobis(
    brief: DetectBrief,
    *,
    variant: Annotated[str, Choice("relative", "classes", "plain")] = "relative",
    layers: Annotated[str, Choice("all", "last")] = "all",
    join: Annotated[str, Choice("mean", "max")] = "mean",
) -> Detector:
    """Score inputs by the Mahalanobis distance of their activations to the trusted ones, layer by layer.

    ``classes`` has one mean for each class that the subject decides for on trusted inputs and takes the nearest;
    ``relative`` subtracts from that the distance under a single mean.
    """
    from fairfight.parts.densities.gaussian import fit_gaussian
    from fairfight.parts.densities.layers import fit_layers
    from fairfight.subject import harvest

    subject = brief.subject
    sites = subject.trunk if layers == "all" else subject.trunk[-1:]
    trusted = harvest(subject, brief.trusted, sites)
    assert trusted.logits is not None
    decided = trusted.logits.argmax(dim=1)

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        whole = fit_gaussian(x)
        if variant == "plain":
            return lambda y: whole.distance(y).sqrt()
        classes = fit_gaussian(x, decided[rows])
        if variant == "classes":
            return lambda y: classes.distance(y).sqrt()
        return lambda y: classes.distance(y) - whole.distance(y)

    fitted = fit_layers(trusted, fit, join=join)  # type: ignore[arg-type]

    def detect(inputs: Inputs) -> Tensor:
        return fitted.score(harvest(subject, inputs, sites, head=False))

    return detect
