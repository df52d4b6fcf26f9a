"""What shows the fault: faulty inputs if there are any, else clean ones with a recovered trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairfight.parts.training.labelled import Labelled
    from fairfight.tasks.repair.brief import RepairBrief

SUCCESS = 0.8
"""Share of held-out inputs that a trigger must bring to its target before it is evidence."""


def suspects(brief: RepairBrief) -> Labelled:
    """Inputs that set the fault off, with what should be decided on them; none where no fault can be shown.

    These are the brief's own faulty inputs if it has any. Else they are clean inputs of other classes with a recovered
    trigger in them, provided that the trigger works on inputs that it was not sought on and is more suspicious than
    those of healthy subjects are. For a shortcut, whose brief has cues, there are none.
    """
    import torch

    from fairfight.parts.attacks.recovery import recover
    from fairfight.parts.attacks.trigger import SUSPICIOUS
    from fairfight.parts.training.labelled import Labelled

    if len(brief.faulty) or len(brief.cues):
        return brief.faulty
    if len(brief.clean) < 4 or len(brief.clean.labels.unique()) < 2:
        return brief.clean[:0]
    for trigger in recover(brief.subject, brief.clean, seed=brief.seed):
        if trigger.success >= SUCCESS and trigger.suspicion > SUSPICIOUS:
            others = brief.clean[torch.nonzero(brief.clean.labels != trigger.target).flatten()]
            return Labelled(trigger.apply(others.inputs), others.labels)
    return brief.clean[:0]
