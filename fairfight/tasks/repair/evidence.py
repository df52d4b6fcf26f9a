"""What shows the fault: faulty inputs if there are any, else clean ones with a recovered trigger."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from fairfight.subject.earlier import Chore
from fairfight.tasks.digest import digests

if TYPE_CHECKING:
    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief

SUCCESS = 0.8
"""Share of held-out inputs that a trigger must bring to its target before it is evidence."""


def suspects(brief: RepairBrief) -> Labelled:
    """Inputs that set the fault off, with what should be decided on them; none where no fault can be shown.

    These are the brief's own faulty inputs if it has any. Else they are clean inputs of other classes with a recovered
    trigger in them, provided that the trigger works on inputs that it was not sought on and is more suspicious than
    those of healthy subjects are. For a shortcut, whose brief has cues, there are none.
    """
    chore = search(brief)
    if chore is None:
        return brief.faulty
    known = brief.subject.earlier
    found: Labelled = chore.do() if known is None else known.result(brief.subject, chore)
    return found


def search(brief: RepairBrief) -> Chore | None:
    """The search for a trigger, as a chore; None where the brief shows what sets the fault off, or there is none."""
    if len(brief.faulty) or len(brief.cues) or len(brief.clean) < 4 or len(brief.clean.labels.unique()) < 2:
        return None
    given = [*digests(brief.clean.inputs), str(brief.clean.labels.tolist()), str(brief.seed)]
    key = hashlib.sha256("\n".join(given).encode()).hexdigest()
    return Chore(key, partial(_triggered, brief.subject, brief.clean, brief.seed))


def _triggered(subject: Subject, clean: Labelled, seed: int) -> Labelled:
    """Clean inputs of other classes with a recovered trigger in them; none where no trigger is beyond doubt."""
    import torch

    from fairfight.parts.attacks.recovery import recover
    from fairfight.parts.attacks.trigger import SUSPICIOUS
    from fairfight.parts.training.labelled import Labelled

    for trigger in recover(subject, clean, seed=seed):
        if trigger.success >= SUCCESS and trigger.suspicion > SUSPICIOUS:
            others = clean[torch.nonzero(clean.labels != trigger.target).flatten()]
            return Labelled(trigger.apply(others.inputs), others.labels)
    return clean[:0]
