"""An unsure subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Hendrycks & Gimpel 2017; Liang et al. 2018 (temperature)")
def max_softmax(
    brief: DetectBrief,
    *,
    temperature: Annotated[float, Log(0.5, 20.0)] = 1.0,
    two_sided: Annotated[bool, Choice(False, True)] = False,
) -> Detector:
    """Score inputs by how little probability the subject gives to its answer.

    ``two_sided`` also finds too sure an answer strange, by the distance from the trusted inputs' median.
    """
    from fairfight.parts.densities.activations import decisions
    from fairfight.parts.densities.sided import sided

    def doubt(inputs: Inputs) -> Tensor:
        # Minus the logarithm: probabilities near 1 would all round to the same number.
        return -(decisions(brief.subject, inputs) / temperature).log_softmax(dim=1).amax(dim=1)

    return sided(doubt, brief.trusted, two_sided=two_sided)
