"""A strange way to an answer: what each layer would have said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.subject import Activations
    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool("detect", source="Belrose et al. 2023 (tuned lens); nostalgebraist 2020 (logit lens)")
def lens_trajectory(
    brief: DetectBrief,
    *,
    lens: Annotated[str, Choice("tuned", "logit")] = "tuned",
    ridge: Annotated[float, Log(0.001, 1.0)] = 0.01,
    by_class: Annotated[bool, Choice(True, False)] = True,
) -> Detector:
    """Score inputs by how far their layer-wise predictions stray from those of trusted inputs.

    The distance is Mahalanobis' over all layers' logits at once. ``by_class`` has a mean for each answer and takes the
    nearest. The logit lens needs a transformer; on any other subject the tuned lens takes its place.
    """
    import torch

    from fairfight.parts.densities.gaussian import fit_gaussian
    from fairfight.parts.lenses.trajectory import leading_classes, trajectory
    from fairfight.parts.lenses.tuned import fit_lens
    from fairfight.subject import harvest

    subject, sites = brief.subject, brief.subject.trunk
    trusted = harvest(subject, brief.trusted, sites)
    assert trusted.logits is not None
    kept = leading_classes(trusted.logits)
    lenses: dict[str, Callable[[Tensor], Tensor]] = {}
    for site in sites:
        if lens == "logit" and subject.has_readout:
            lenses[site] = lambda x: subject.readout(x)[:, kept]
        else:
            lenses[site] = fit_lens(trusted[site], trusted.logits[:, kept], ridge=ridge)

    @torch.no_grad()
    def path(acts: Activations) -> Tensor:
        assert acts.logits is not None
        return trajectory([lenses[site](acts[site]) for site in sites], acts.logits[:, kept])

    gaussian = fit_gaussian(path(trusted), trusted.logits.argmax(dim=1) if by_class else None)

    def detect(inputs: Inputs) -> Tensor:
        return gaussian.distance(path(harvest(subject, inputs, sites))).sqrt()

    return detect
