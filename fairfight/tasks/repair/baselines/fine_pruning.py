"""Prune what ordinary inputs do not use, then train on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Liu et al. 2018", suites=("standard", "large"))
def fine_pruning(
    brief: RepairBrief,
    *,
    tolerance: Annotated[float, Uniform(0.0, 0.1)] = 0.03,
    steps: Annotated[int, Log(20, 200)] = 40,
    rate: Annotated[float, Log(3e-4, 3e-2)] = 1e-2,
    share: Annotated[float, Uniform(0.1, 0.5)] = 0.25,
) -> Subject:
    """Prune the last layer's units that are dormant on clean inputs while accuracy holds, then fine-tune."""
    from fairfight.parts.training import finetune
    from fairfight.parts.training.pruning import prune_dormant
    from fairfight.tasks.repair.baselines.material import ordinary, paced

    pruned = prune_dormant(brief.subject, brief.clean, tolerance=tolerance)
    how = finetune.Course(steps, paced(brief.subject, rate), 1e-2, share)
    return finetune.fine_tune(pruned, ordinary(brief, corpus=True), brief.faulty, how, seed=brief.seed)
