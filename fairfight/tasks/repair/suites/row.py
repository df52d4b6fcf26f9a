"""One line of a suite: a repair before anything is drawn."""

from __future__ import annotations

from typing import Literal, NamedTuple

from fairfight.faults.recipe import Planting

Arm = Literal["clean", "shown"]
Corpus = Literal["unseen", "seen"]


class Row(NamedTuple):
    """World, architecture, fault, planting, what the brief shows, what the corpus holds, group."""

    world: str
    architecture: str
    fault: str
    planting: Planting
    arm: Arm
    """``clean``: ordinary examples only; ``shown``: also a few on which the fault shows."""
    corpus: Corpus = "unseen"
    """Whether the data that dictionaries are trained on hold inputs that set the fault off."""
    group: int = 0
    """Organisms of one group share data order, initial weights and twins."""


class Sizes(NamedTuple):
    """How many inputs of each kind a case has."""

    clean: int = 96
    corpus: int = 200
    faulty: int = 16
    exam: int = 128
    attack: int = 64
    lesson: int = 8
    reminders: int = 24
    cues: int = 64
