"""A strange way to an answer: what the output head would have said to each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from fairfight.subject import Activations
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool("detect", source="nostalgebraist 2020 (logit lens)", modalities=("language",), suites=("standard", "large"))
def logit_lens_trajectory(
    brief: DetectBrief,
    *,
    measure: Annotated[Literal["lof", "classes", "one"], Choice("lof", "classes", "one")] = "lof",
    answers: Annotated[int, Log(2, 32)] = 8,
) -> Detector:
    """Score texts by how far what the output head says to each layer strays from what it says on trusted ones.

    As ``lens-trajectory``, with the subject's own output head in the place of fitted maps. It needs a transformer,
    whose layers all speak the head's language; for other subjects there is only the tuned lens.
    """
    from fairfight.parts.lenses.paths import path_score

    subject = brief.subject

    def lenses(trusted: Activations, kept: Tensor) -> Mapping[str, Callable[[Tensor], Tensor]]:
        return {site: lambda x: subject.readout(x)[:, kept] for site in trusted}

    return path_score(subject, brief.trusted, lenses, measure=measure, answers=answers)
