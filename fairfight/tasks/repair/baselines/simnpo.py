"""A decision made unlikely, whatever it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Fan et al. 2024", suites=("standard", "large"))
def simnpo(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(20, 200)] = 60,
    rate: Annotated[float, Log(3e-4, 1e-2)] = 3e-3,
    weight: Annotated[float, Log(0.3, 10.0)] = 1.0,
    beta: Annotated[float, Log(0.5, 10.0)] = 2.5,
    gamma: Annotated[float, Uniform(0.0, 2.0)] = 0.0,
    tolerance: Annotated[float, Log(0.03, 0.5)] = 0.1,
    corpus: Annotated[bool, Choice(True, False)] = True,
) -> Subject:
    """Unlearn what is decided on faulty inputs by NPO without a reference, and train on ordinary ones.

    Without faulty inputs in the brief, those with a trigger that was recovered; with neither the subject stays as it
    is.
    """
    from fairfight.parts.training.unlearning import Retaining, simnpo, unlearn
    from fairfight.tasks.repair.baselines.material import ordinary, paced, unwanted

    how = Retaining(ordinary(brief, corpus=corpus), brief.clean, weight, tolerance)
    pace = paced(brief.subject, rate)
    return unlearn(brief.subject, unwanted(brief), simnpo(beta, gamma), how, steps=steps, rate=pace, seed=brief.seed)
