"""Fine-tune towards where a cleaned copy attends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Li et al. 2021 (neural attention distillation)", suites=("standard", "large"))
def nad(
    brief: RepairBrief,
    *,
    weight: Annotated[float, Log(1.0, 1000.0)] = 30.0,
    steps: Annotated[int, Log(20, 150)] = 40,
    rate: Annotated[float, Log(3e-4, 3e-2)] = 1e-2,
    share: Annotated[float, Uniform(0.1, 0.5)] = 0.25,
) -> Subject:
    """Fine-tune a teacher on the clean and faulty examples, then the subject so that it attends as the teacher does."""
    from fairfight.parts.training import distillation, finetune
    from fairfight.tasks.repair.baselines.material import ordinary, paced

    every = ordinary(brief, corpus=True)
    how = finetune.Course(steps, paced(brief.subject, rate), 1e-2, share)
    teacher = finetune.fine_tune(brief.subject, every, brief.faulty, how, seed=brief.seed)
    return distillation.attend_alike(brief.subject, teacher, every, brief.faulty, how, weight=weight, seed=brief.seed)
