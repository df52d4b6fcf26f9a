"""What a brief has to show of a fault, put so that tools can contrast it and see whether it is gone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.training import decide
from fairfight.parts.edits.units import Basis
from fairfight.parts.scores.contrast import Contrast, Score
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject
from fairfight.tasks.repair.brief import RepairBrief
from fairfight.tasks.repair.evidence import suspects

WORTH = 0.05
"""An edit must keep the fault from so many more of the inputs that showed it."""


@dataclass(frozen=True)
class Evidence:
    """What shows a fault, and by what one can tell that it is gone."""

    examples: Labelled
    """With what should be decided; cues with which cue they show."""
    cues: bool
    classes: Int[Tensor, " cues"]
    """Of each cue, the class that it speaks for."""

    def guilt(self, brief: RepairBrief, site: str, basis: Basis, score: Score) -> Float[Tensor, " k"]:
        """How much each unit does for the fault."""
        first = Contrast(brief.subject, site, basis, self.examples, brief.clean, brief.seed)
        if not self.cues:
            return score(first)
        return torch.stack([score(self._one_cue(first, cue)) for cue in range(len(self.classes))]).amax(dim=0)

    def _one_cue(self, contrast: Contrast, cue: int) -> Contrast:
        """What a cue does that the others do not: how much more its class is favoured than theirs."""
        own = self.examples.labels == cue
        mine, others = self.classes[cue], torch.cat([self.classes[:cue], self.classes[cue + 1 :]])

        def fault(logits: Tensor, _labels: Tensor) -> Tensor:
            return logits[:, mine] - logits[:, others].mean(dim=1)

        faulty, clean = self.examples[own], self.examples[~own]
        labelled = Labelled(faulty.inputs, self.classes[faulty.labels])
        return replace(contrast, faulty=labelled, clean=Labelled(clean.inputs, self.classes[clean.labels]), fault=fault)

    @torch.no_grad()
    def healthy(self, subject: Subject) -> float:
        """Share of the examples on which the fault does not show; of cues, how little they are told apart."""
        if not self.cues:
            return right(subject, self.examples)
        said = subject(self.examples.inputs).softmax(dim=1)[:, self.classes]
        means = torch.stack([said[self.examples.labels == cue].mean(dim=0) for cue in range(len(self.classes))])
        return 1 - float((means.amax(dim=0) - means.amin(dim=0)).max())


def evidence(brief: RepairBrief) -> Evidence | None:
    """What the brief has to show of a fault; None where that is nothing.

    Raises:
        UserError: All cues are one and the same.
    """
    if len(brief.cues):
        kinds, which = brief.cues.labels.unique(return_inverse=True)
        if len(kinds) < 2:
            raise UserError("All cue inputs show the same cue: give some of another, or there is nothing to compare.")
        cues = Labelled(brief.cues.inputs, which)
        return Evidence(cues, True, favoured(brief.subject, cues))
    shown = suspects(brief)
    return Evidence(shown, False, shown.labels[:0]) if len(shown) else None


@torch.no_grad()
def favoured(subject: Subject, cues: Labelled) -> Int[Tensor, " cues"]:
    """The class that each cue speaks for: the one it raises most over what the cues do together."""
    logits = subject(cues.inputs)
    kinds = int(cues.labels.max()) + 1
    means = torch.stack([logits[cues.labels == cue].mean(dim=0) for cue in range(kinds)])
    return (means - means.mean(dim=0)).argmax(dim=1)


def right(subject: Subject, examples: Labelled) -> float:
    """Share of examples that are decided as they should be."""
    return float((decide(subject, examples.inputs) == examples.labels).float().mean())
