"""Train on, in few directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Hu et al. 2022", suites=("standard", "large"))
def lora(
    brief: RepairBrief,
    *,
    rank: Annotated[int, Log(1, 16)] = 4,
    steps: Annotated[int, Log(20, 200)] = 60,
    rate: Annotated[float, Log(3e-4, 3e-2)] = 1e-2,
    share: Annotated[float, Uniform(0.1, 0.5)] = 0.25,
    corpus: Annotated[bool, Choice(True, False)] = True,
) -> Subject:
    """Fine-tune low-rank adapters of all layers on what fine-tuning sees, and merge them into the weights."""
    from fairfight.parts.training import adapters
    from fairfight.parts.training.finetune import Course
    from fairfight.tasks.repair.baselines.material import ordinary, paced

    how = Course(steps, paced(brief.subject, rate), 0.0, share)
    return adapters.lora(brief.subject, ordinary(brief, corpus=corpus), brief.faulty, how, rank=rank, seed=brief.seed)
