"""Train on, on what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="fine-tuning as a defence: Liu et al. 2018; breadth first: LocFT-BF 2025")
def fine_tune(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(20, 200)] = 50,
    rate: Annotated[float, Log(3e-4, 3e-2)] = 7e-3,
    decay: Annotated[float, Log(1e-4, 1e-1)] = 1e-2,
    share: Annotated[float, Uniform(0.1, 0.7)] = 0.5,
    corpus: Annotated[bool, Choice(True, False)] = True,
    renewed: Annotated[bool, Choice(False, True)] = False,
) -> Subject:
    """Fine-tune all layers on the clean and the faulty examples with the right labels, in mixed batches.

    ``corpus`` adds the unlabelled inputs, with what the subject decides on them now: a few labelled examples alone cost
    ability. ``renewed`` lets batch normalisation go by the batches, as in training.
    """
    from fairfight.parts.training import finetune
    from fairfight.tasks.repair.baselines.material import ordinary, paced

    how = finetune.Course(steps, paced(brief.subject, rate), decay, share, renewed)
    return finetune.fine_tune(brief.subject, ordinary(brief, corpus=corpus), brief.faulty, how, seed=brief.seed)
