"""Distance to the nearest trusted activations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Sun et al. 2022")
def knn(
    brief: DetectBrief,
    *,
    k: Annotated[int, Log(1, 50)] = 10,
    centred: Annotated[bool, Choice(True, False)] = False,
) -> Detector:
    """Score inputs by the cosine distance of their penultimate activation to the k-th nearest trusted one."""
    from fairfight.parts.densities.neighbours import fit_neighbours
    from fairfight.subject import harvest

    subject, site = brief.subject, brief.subject.trunk[-1]
    trusted = harvest(subject, brief.trusted, [site], head=False)[site]
    origin = trusted.mean(dim=0) if centred else 0.0
    bank = fit_neighbours(trusted - origin, k=k)

    def detect(inputs: Inputs) -> Tensor:
        return bank.distance(harvest(subject, inputs, [site], head=False)[site] - origin)

    return detect
