"""Which secret rules each suite has: plain data, drawn from a secret."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from fairfight.seeds import derive
from fairfight.tasks import roster
from fairfight.tasks.decompile.suites import trained
from fairfight.tasks.decompile.suites.row import Row
from fairfight.tasks.task import CaseSpec, Split

if TYPE_CHECKING:
    from fairfight.faults.program.recurrent import ProgramRecipe

SUITES: dict[str, tuple[tuple[Row, ...], tuple[Row, ...]]] = {
    "tour": (trained.TOUR, ()),
    "quick": (trained.QUICK, trained.DEV),
    "standard": (trained.STANDARD, trained.DEV),
    "large": ((), ()),
}
"""Scored rows and development rows of each suite."""

EASY = Row("sum", "linear")


def spec(row: Row, split: Split, suite: str, secret: str) -> CaseSpec:
    """The row as a case of a suite; the secret draws the numbers of its rule."""
    from fairfight.worlds.sequences.table import FAMILIES

    choices = FAMILIES[row.family].choices
    every = list(product(*choices.values()))
    options = dict(zip(choices, every[derive(secret, "decompile", split, "rule", *row) % len(every)], strict=True))
    options = {name: int(value) for name, value in options.items()}
    numbers = "".join(f"-{name}{value}" for name, value in options.items())
    name = f"{row.family}{numbers}" + (f"-{row.group}" if row.group and split == "scored" else "")
    recipe: dict[str, Any] = {
        "family": row.family,
        "options": options,
        "seed": derive(secret, "decompile", split, *row),
        "kind": row.kind,
    }
    return CaseSpec("decompile", suite, name if split == "scored" else f"dev-{name}", split, recipe, "sequences")


def organism_of(given: dict[str, Any]) -> ProgramRecipe:
    """The recipe of a case's network."""
    from fairfight.faults.program.recurrent import ProgramRecipe

    return ProgramRecipe(given["family"], given["options"], given["seed"])


def specs(suite: str, secret: str) -> list[CaseSpec]:
    """The suite's scored and development cases.

    Raises:
        UserError: There is no such suite.
    """
    return roster.specs(SUITES, spec, suite, secret)
