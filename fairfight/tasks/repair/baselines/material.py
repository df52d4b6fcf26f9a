"""What baselines train on, out of a brief."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


def ordinary(brief: RepairBrief, *, corpus: bool) -> Labelled:
    """The clean examples and, if so wished, the unlabelled inputs with what the subject decides on them now."""
    from fairfight.parts.training.batches import as_decided
    from fairfight.parts.training.labelled import Labelled

    if not (corpus and len(brief.corpus)):
        return brief.clean
    return Labelled.concat([brief.clean, as_decided(brief.subject, brief.corpus)])


USUAL = 60_000
"""Parameters of a network that a learning rate is meant for."""


def paced(subject: Subject, rate: float) -> float:
    """A learning rate for a network of this size: less for a larger one, so that a step is as long.

    A step of Adam changes every weight by about the rate, so its length grows with the root of their number. Rates that
    others train the worlds' subjects with fall likewise, from 1e-2 at 60,000 weights to 3e-4 at 22 million.
    """
    count = sum(p.numel() for p in subject.module.parameters())
    return rate * math.sqrt(USUAL / max(count, 1))


def unwanted(brief: RepairBrief) -> Labelled:
    """Inputs that set the fault off with what is decided on them now, where that is not what should be decided."""
    from fairfight.parts.training.batches import as_decided
    from fairfight.tasks.repair.evidence import suspects

    found = suspects(brief)
    now = as_decided(brief.subject, found.inputs)
    return now[now.labels != found.labels]
