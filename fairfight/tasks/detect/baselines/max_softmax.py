"""An unsure subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Hendrycks & Gimpel 2017; Liang et al. 2018 (temperature)")
def max_softmax(brief: DetectBrief, *, temperature: Annotated[float, Log(0.5, 20.0)] = 1.0) -> Detector:
    """Score inputs by how little probability the subject gives to its answer."""

    def detect(inputs: Inputs) -> Tensor:
        # The log of it: probabilities near 1 would all round to the same number.
        scaled = brief.subject(inputs).double() / temperature
        return -scaled.log_softmax(dim=1).amax(dim=1)

    return detect
