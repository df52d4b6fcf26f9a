"""Distance to the mean activation: about the simplest detector there is, as a contender from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight import Choice, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject import Inputs
    from fairfight.tasks.detect import DetectBrief, Detector


@baseline("detect", source="textbook")
def mean_distance(brief: DetectBrief, *, depth: Annotated[str, Choice("middle", "last")] = "last") -> Detector:
    """Score inputs by the Euclidean distance of their activation to the mean over trusted inputs."""
    from fairfight.subject import harvest

    trunk = brief.subject.trunk
    site = trunk[-1] if depth == "last" else trunk[len(trunk) // 2]

    def activations(inputs: Inputs) -> Tensor:
        return harvest(brief.subject, inputs, [site])[site]

    mean = activations(brief.trusted).mean(dim=0)
    return lambda inputs: (activations(inputs) - mean).norm(dim=1)
