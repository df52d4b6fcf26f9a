"""One line of a suite: an organism before anything is drawn."""

from __future__ import annotations

from typing import NamedTuple

from fairfight.faults.recipe import Planting


class Row(NamedTuple):
    """World, architecture, fault, planting, group."""

    world: str
    architecture: str
    fault: str
    planting: Planting
    group: int = 0
    """Organisms of one group share data order, initial weights and twins."""


class Sizes(NamedTuple):
    """How many inputs of each kind a sitting has."""

    trusted: int = 256
    clean: int = 200
    suspects: int = 120
