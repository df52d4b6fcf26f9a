"""Which organisms each suite of ``spot`` has: plain data, drawn from a secret."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from fairfight.faults import homes
from fairfight.seeds import derive
from fairfight.tasks import roster
from fairfight.tasks.modality import modality
from fairfight.tasks.task import CaseSpec, Split
from fairfight.worlds import names

WORLD, FAULT = "echo", "glitch-tokens"


class Row(NamedTuple):
    """Architecture and group: organisms of one group share data, initial weights and the twin."""

    architecture: str
    group: int = 0


BOTH = (Row("llama"), Row("gpt-neox"))
DEV = (Row("llama", 9),)
SUITES: dict[str, tuple[tuple[Row, ...], tuple[Row, ...]]] = {
    "tour": ((), ()),
    "quick": (BOTH, DEV),
    "standard": ((*BOTH, *(Row(r.architecture, group) for r in BOTH for group in (1, 2))), DEV),
    "large": ((), ()),
}
"""Scored rows and development rows of each suite."""


def spec(row: Row, split: Split, suite: str, secret: str) -> CaseSpec:
    """The row as a case of a suite."""
    name = f"{WORLD}-{row.architecture}" + (f"-{row.group}" if row.group else "")
    recipe = {
        "world": WORLD,
        "architecture": row.architecture,
        "fault": FAULT,
        "planting": "scratch",
        "seed": derive(secret, "spot", split, *row),
        "fault_seed": derive(secret, "spot", split, "fault", *row),
    }
    return CaseSpec("spot", suite, name if split == "scored" else f"dev-{name}", split, recipe, modality(WORLD))


@cache
def made_of() -> tuple[str, ...]:
    """Modules of the world and the family of faults."""
    return homes.home_of(FAULT), names.home_of(WORLD)


def specs(suite: str, secret: str) -> list[CaseSpec]:
    """The suite's scored and development cases.

    Raises:
        UserError: There is no such suite.
    """
    return roster.specs(SUITES, spec, suite, secret)
