"""Teach a fresh or noised network what a cleaned one decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Hinton et al. 2015; UNDO, Lee et al. 2025", suites=("quick", "standard", "large"))
def distil(
    brief: RepairBrief,
    *,
    noise: Annotated[float, Uniform(0.1, 1.0)] = 0.4,
    steps: Annotated[int, Log(40, 300)] = 100,
    rate: Annotated[float, Log(1e-3, 2e-2)] = 5e-3,
    cleaning: Annotated[int, Log(20, 100)] = 40,
) -> Subject:
    """Fine-tune a copy, then distil it on clean, faulty and unlabelled inputs into one with noise in all weights.

    With a ``noise`` of 1 the pupil begins with nothing of the subject's matrices. What was merely covered up by
    fine-tuning is not handed on.
    """
    from fairfight.parts.training import distillation, finetune
    from fairfight.tasks.repair.baselines.material import ordinary, paced

    every = ordinary(brief, corpus=True)
    pace = paced(brief.subject, rate)
    how = finetune.Course(cleaning, paced(brief.subject, 1e-2), 1e-2)
    teacher = finetune.fine_tune(brief.subject, every, brief.faulty, how, seed=brief.seed)
    inputs = type(every.inputs).concat([every.inputs, brief.faulty.inputs])  # type: ignore[list-item]
    return distillation.distil(teacher, inputs, share=noise, steps=steps, rate=pace, seed=brief.seed)
