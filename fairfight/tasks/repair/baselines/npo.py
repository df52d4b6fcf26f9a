"""A decision made as unlikely as it takes, and no further."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline(
    "repair", source="Zhang et al. 2024 (negative preference optimisation)", suites=("quick", "standard", "large")
)
def npo(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(20, 200)] = 60,
    rate: Annotated[float, Log(3e-4, 1e-2)] = 3e-3,
    weight: Annotated[float, Log(0.3, 10.0)] = 1.0,
    beta: Annotated[float, Log(0.05, 5.0)] = 1.0,
    tolerance: Annotated[float, Log(0.03, 0.5)] = 0.1,
    corpus: Annotated[bool, Choice(True, False)] = True,
) -> Subject:
    """Unlearn what is decided on faulty inputs by negative preference optimisation, and train on ordinary ones.

    Without faulty inputs in the brief, those with a trigger that was recovered; with neither the subject stays as it
    is. Published with ``beta`` 0.1 for answers of many tokens; one decision is unlearned before that slackens.
    """
    from fairfight.parts.training.unlearning import Retaining, npo, unlearn
    from fairfight.tasks.repair.baselines.material import ordinary, paced, unwanted

    how = Retaining(ordinary(brief, corpus=corpus), brief.clean, weight, tolerance)
    pace = paced(brief.subject, rate)
    return unlearn(brief.subject, unwanted(brief), npo(beta), how, steps=steps, rate=pace, seed=brief.seed)
