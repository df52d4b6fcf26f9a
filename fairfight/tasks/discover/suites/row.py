"""One line of a suite: a trojan to be discovered, before anything is drawn."""

from __future__ import annotations

from typing import NamedTuple

from fairfight.faults.recipe import Planting


class Row(NamedTuple):
    """World, architecture, fault, planting, kind, group."""

    world: str
    architecture: str
    fault: str
    planting: Planting
    kind: str
    """``patch``, ``style`` or ``object`` in vision; ``token``, ``form`` or ``meaning`` in language."""
    group: int = 0
    """Organisms of one group share data order, initial weights and twins; each has a trigger of its own."""
    which: int | None = None
    """Which trojan is meant, where a network has many; all rows of a group then share the network."""


class Sizes(NamedTuple):
    """How many inputs of each kind a case has."""

    clean: int = 64
    bank: int = 256
    bases: int = 24
    lessons: int = 160
    """Training inputs that judges learn each option from."""
