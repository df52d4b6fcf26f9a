"""A strange way to an answer: what each layer would have said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.subject import Activations
    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool("detect", source="Belrose et al. 2023 (tuned lens); nostalgebraist 2020 (logit lens)")
def lens_trajectory(brief: DetectBrief, *, lens: Annotated[str, Choice("tuned", "logit")] = "tuned") -> Detector:
    """Score inputs by the Mahalanobis distance of their trajectory of layer-wise predictions.

    The logit lens needs a transformer; on any other subject the tuned lens takes its place.
    """
    from fairfight.parts.densities.gaussian import fit_gaussian
    from fairfight.parts.lenses.trajectory import trajectory
    from fairfight.parts.lenses.tuned import fit_lens
    from fairfight.subject import harvest

    subject, sites = brief.subject, brief.subject.trunk
    trusted = harvest(subject, brief.trusted, sites)
    assert trusted.logits is not None
    if lens == "logit" and subject.has_readout:
        lenses: dict[str, Callable[[Tensor], Tensor]] = dict.fromkeys(sites, subject.readout)
    else:
        lenses = {site: fit_lens(trusted[site], trusted.logits) for site in sites}

    def path(acts: Activations) -> Tensor:
        return trajectory([lenses[site](acts[site]) for site in sites], acts.logits)

    gaussian = fit_gaussian(path(trusted))

    def detect(inputs: Inputs) -> Tensor:
        return gaussian.distance(path(harvest(subject, inputs, sites))).sqrt()

    return detect
