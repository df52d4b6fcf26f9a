"""Little evidence for any class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Liu et al. 2020")
def energy(brief: DetectBrief, *, temperature: Annotated[float, Log(0.5, 20.0)] = 1.0) -> Detector:
    """Score inputs by the free energy of the subject's logits."""

    def detect(inputs: Inputs) -> Tensor:
        return -temperature * (brief.subject(inputs).double() / temperature).logsumexp(dim=1)

    return detect
