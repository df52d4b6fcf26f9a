"""Away from what is decided on faulty inputs, and towards what is decided on others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Liu, Liu & Stone 2022 (gradient difference)", suites=("standard", "large"))
def grad_diff(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(20, 200)] = 60,
    rate: Annotated[float, Log(3e-4, 1e-2)] = 3e-3,
    weight: Annotated[float, Log(0.3, 10.0)] = 1.0,
    enough: Annotated[float, Log(1e-4, 1e-1)] = 1e-2,
    tolerance: Annotated[float, Log(0.03, 0.5)] = 0.1,
    corpus: Annotated[bool, Choice(True, False)] = True,
) -> Subject:
    """Unlearn what is decided on faulty inputs by gradient ascent, with descent on ordinary ones beside it.

    Without faulty inputs in the brief, those with a trigger that was recovered; with neither the subject stays as it
    is. An input counts no more once its decision is less likely than ``enough``.
    """
    from fairfight.parts.training.unlearning import Retaining, ascent, unlearn
    from fairfight.tasks.repair.baselines.material import ordinary, paced, unwanted

    how = Retaining(ordinary(brief, corpus=corpus), brief.clean, weight, tolerance)
    pace = paced(brief.subject, rate)
    return unlearn(brief.subject, unwanted(brief), ascent(enough), how, steps=steps, rate=pace, seed=brief.seed)
