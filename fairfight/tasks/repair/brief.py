"""What a contender of ``repair`` is given, and what its submission is tried on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.inputs import Inputs
    from fairfight.subject.subject import Subject


@dataclass(frozen=True)
class RepairBrief:
    """What an engineer would have in hand. The submission is an edited copy of the subject."""

    subject: Subject
    """A subject that may have a fault. Edit a copy."""
    clean: Labelled
    """Ordinary inputs with what should be decided on them; ways in which the subject must not change."""
    faulty: Labelled
    """Inputs that set the fault off, with what should be decided instead. Often there are none."""
    cues: Labelled
    """For a shortcut: inputs that show nothing but the cue that should not matter, labelled with which cue it is
    (0, 1, …; not with what should be decided, which they do not show). Else there are none."""
    corpus: Inputs
    """Unlabelled inputs: what a dictionary may be trained on."""
    seed: int
    """Draw whatever is random from it."""

    @property
    def trusted(self) -> Inputs:
        """The ordinary inputs without their labels."""
        return self.clean.inputs


class Pace(NamedTuple):
    """How a fault is relearned."""

    looks: tuple[int, ...]
    """After how many steps the pupil is looked at; ascending."""
    rate: float
    """The highest learning rate."""


@dataclass(frozen=True)
class RepairExam:
    """Held-out inputs that a submission is tried on, and the lesson by which the fault may come back."""

    asked: dict[str, Inputs]
    """What is to be decided: ``clean`` inputs and, where they are graded, ordinary ones of a kind that the brief does
    not show (``elsewhere``), what sets the fault off as it was planted (``attack``), and the same by somebody who
    presents it otherwise (``variants``)."""
    start: dict[str, Tensor]
    """The parameters before anything was edited, by name."""
    lesson: Labelled | None
    """A few inputs that set the fault off with what it has the subject decide, among ordinary ones with their labels:
    what somebody has who wants the fault back and the subject as able as before."""
    pace: Pace
    """How they are relearned."""


@dataclass(frozen=True)
class RepairAnswer:
    """What only grading and the oracle read."""

    side: str
    """``organism``, ``twin``, or ``backwards``: the twin, with the wish to get the fault."""
    healthy: Subject
    """What should be handed in: the subject without the fault; backwards the subject with it."""
    looks: int
    """How often the pupil is looked at while it relearns."""
    chance: float
    """Accuracy of who knows nothing."""
    labels: np.ndarray
    """True decisions on the exam's clean inputs (and elsewhere), int64 [n]."""
    right: np.ndarray
    """What should be decided on the attack, int64 [m]."""
    wrong: np.ndarray
    """What the fault has a subject decide on the attack, int64 [m]."""
    before: dict[str, np.ndarray]
    """What the subject decides on everything asked, before anything is edited."""
