"""Recover the trigger, then unlearn it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Wang et al. 2019 (Neural Cleanse)")
def nc_unlearning(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(20, 200)] = 60,
    rate: Annotated[float, Log(3e-4, 3e-2)] = 5e-3,
    decay: Annotated[float, Log(1e-4, 1e-1)] = 1e-2,
    share: Annotated[float, Uniform(0.1, 0.5)] = 0.2,
    corpus: Annotated[bool, Choice(True, False)] = True,
    renewed: Annotated[bool, Choice(False, True)] = False,
) -> Subject:
    """Fine-tune on clean inputs, some of which carry a recovered trigger, with the right labels.

    As published, a fifth of what is trained on carries the trigger. The trigger is recovered only if the brief shows no
    faulty inputs; where none turns out suspicious, the subject stays as it is. ``corpus`` adds the unlabelled inputs,
    with what the subject decides on them now.
    """
    from fairfight.parts.training import finetune
    from fairfight.tasks.repair.baselines.material import ordinary, paced
    from fairfight.tasks.repair.evidence import suspects

    shown = suspects(brief)
    if not len(shown):
        return brief.subject.copy()
    how = finetune.Course(steps, paced(brief.subject, rate), decay, share, renewed)
    return finetune.fine_tune(brief.subject, ordinary(brief, corpus=corpus), shown, how, seed=brief.seed)
