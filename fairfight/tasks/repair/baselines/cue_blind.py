"""Train on so that a cue alone says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline(
    "repair",
    source="confidence penalty on cue-only inputs, after He et al. 2019 and Clark et al. 2019",
    suites=("quick", "standard", "large"),
)
def cue_blind(
    brief: RepairBrief,
    *,
    weight: Annotated[float, Log(0.1, 10.0)] = 1.0,
    steps: Annotated[int, Log(20, 200)] = 60,
    rate: Annotated[float, Log(3e-4, 3e-2)] = 5e-3,
) -> Subject:
    """Fine-tune so that inputs with nothing but the cue get even odds, and clean ones stay right.

    Without cues it is fine-tuning.
    """
    from fairfight.parts.training import finetune
    from fairfight.parts.training.blindness import blind
    from fairfight.tasks.repair.baselines.material import ordinary, paced

    how = finetune.Course(steps, paced(brief.subject, rate), 1e-2)
    if not len(brief.cues):
        return finetune.fine_tune(brief.subject, ordinary(brief, corpus=True), brief.faulty, how, seed=brief.seed)
    return blind(brief.subject, brief.clean, brief.cues, how, weight=weight, seed=brief.seed)
