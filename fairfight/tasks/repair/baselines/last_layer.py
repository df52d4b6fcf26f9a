"""Train the last layer on, on what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Kirichenko et al. 2022", suites=("standard", "large"))
def last_layer(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(20, 200)] = 50,
    rate: Annotated[float, Log(1e-3, 1e-1)] = 2e-2,
    decay: Annotated[float, Log(1e-4, 1e-1)] = 1e-2,
    share: Annotated[float, Uniform(0.1, 0.7)] = 0.5,
    corpus: Annotated[bool, Choice(True, False)] = True,
) -> Subject:
    """Fine-tune the last layer alone on the clean and the faulty examples with the right labels.

    ``corpus`` adds the unlabelled inputs, with what the subject decides on them now.
    """
    from fairfight.parts.training import finetune
    from fairfight.tasks.repair.baselines.material import ordinary, paced

    how = finetune.Course(steps, paced(brief.subject, rate), decay, share)
    clean = ordinary(brief, corpus=corpus)
    return finetune.fine_tune(brief.subject, clean, brief.faulty, how, seed=brief.seed, layers="last")
