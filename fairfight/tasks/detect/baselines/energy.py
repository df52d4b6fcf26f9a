"""Little evidence for any class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Liu et al. 2020")
def energy(
    brief: DetectBrief,
    *,
    temperature: Annotated[float, Log(0.5, 20.0)] = 1.0,
    two_sided: Annotated[bool, Choice(False, True)] = False,
) -> Detector:
    """Score inputs by the free energy of the subject's logits.

    ``two_sided`` also finds too low an energy strange, by the distance from the trusted inputs' median.
    """
    from fairfight.parts.densities.activations import decisions
    from fairfight.parts.densities.sided import sided

    def free(inputs: Inputs) -> Tensor:
        return -temperature * (decisions(brief.subject, inputs) / temperature).logsumexp(dim=1)

    return sided(free, brief.trusted, two_sided=two_sided)
