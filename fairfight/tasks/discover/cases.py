"""Which trojans each suite has: plain data, drawn from a secret."""

from __future__ import annotations

from functools import cache
from typing import Any

from fairfight.faults.recipe import Recipe
from fairfight.seeds import derive
from fairfight.tasks import roster
from fairfight.tasks.discover.suites import embedded, real, rewards, shared
from fairfight.tasks.discover.suites.row import Row, Sizes
from fairfight.tasks.modality import modality
from fairfight.tasks.task import CaseSpec, Split

SUITES: dict[str, tuple[tuple[Row, ...], tuple[Row, ...]]] = {
    "tour": (embedded.TOUR, ()),
    "quick": (embedded.SCORED, embedded.DEV),
    "standard": ((*real.SCORED, *shared.SCORED, *rewards.SCORED), (*real.DEV, *rewards.DEV)),
    "large": ((), ()),
}
"""Scored rows and development rows of each suite."""

SIZES: dict[str, Sizes] = {"sst2": Sizes(clean=48, bank=100), "imagenet": Sizes(clean=32, bank=96, lessons=64)}
"""By world, where the held-out pool is small or a pass is dear."""


def recipe(row: Row, split: Split, secret: str) -> dict[str, Any]:
    """The row's organism, as plain values."""
    seed = derive(secret, "discover", split, row.world, row.architecture, row.group)
    found = {
        "world": row.world,
        "architecture": row.architecture,
        "fault": row.fault,
        "planting": row.planting,
        "seed": seed,
        "fault_seed": derive(secret, "discover", split, "fault", *row[:4], row.group),
        "kind": row.kind,
    }
    # A shared network has one seed for its data and for all its trojans.
    return found if row.which is None else found | {"fault_seed": seed, "options": {"which": row.which}}


def organism_of(given: dict[str, Any]) -> Recipe:
    """The recipe of a case's organism."""
    return Recipe(**{k: v for k, v in given.items() if k != "kind"})


def sizes(organism: Recipe) -> Sizes:
    """How many inputs of each kind a case on this organism has."""
    return SIZES.get(organism.world, Sizes())


def spec(row: Row, split: Split, suite: str, secret: str) -> CaseSpec:
    """The row as a case of a suite."""
    where = row.world if row.architecture == "cnn" else f"{row.world}-{row.architecture}"
    name = f"{where}-{row.fault}-{row.planting if row.which is None else f'{row.kind}-{row.which}'}"
    name += f"-{row.group}" if row.group else ""
    return CaseSpec(
        task="discover",
        suite=suite,
        name=name if split == "scored" else f"dev-{name}",
        split=split,
        recipe=recipe(row, split, secret),
        modality=modality(row.world),
    )


@cache
def made_of() -> tuple[str, ...]:
    """Modules of the worlds and the families of faults that occur in a suite."""
    return roster.homes_of(SUITES)


EASY = {
    "vision": Row("scenes", "cnn", "patch", "scratch", "patch"),
    "language": Row("sentences", "bert", "rare-token", "scratch", "token"),
}
"""By modality, what the common suite of contenders is held on."""
EASY_SEEDS = {"vision": {"seed": 5, "fault_seed": 3}}
"""In place of drawn ones: on this organism the package's own tests try much else too, so that it is built once."""


def specs(suite: str, secret: str) -> list[CaseSpec]:
    """The suite's scored and development cases.

    Raises:
        UserError: There is no such suite.
    """
    return roster.specs(SUITES, spec, suite, secret)
