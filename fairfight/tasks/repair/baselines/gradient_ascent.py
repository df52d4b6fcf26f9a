"""Away from what is decided on faulty inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Jang et al. 2023", suites=("standard", "large"))
def gradient_ascent(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(20, 200)] = 60,
    rate: Annotated[float, Log(5e-5, 5e-3)] = 5e-4,
    tolerance: Annotated[float, Log(0.03, 0.5)] = 0.1,
) -> Subject:
    """Unlearn what is decided on faulty inputs by gradient ascent alone, until the clean examples suffer.

    Without faulty inputs in the brief, those with a trigger that was recovered; with neither the subject stays as it
    is.
    """
    from fairfight.parts.training.unlearning import Retaining, ascent, unlearn
    from fairfight.tasks.repair.baselines.material import paced, unwanted

    how = Retaining(brief.clean, brief.clean, 0.0, tolerance)
    pace = paced(brief.subject, rate)
    return unlearn(brief.subject, unwanted(brief), ascent(), how, steps=steps, rate=pace, seed=brief.seed)
