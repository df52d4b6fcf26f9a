"""Which secret rules each suite has: plain data, drawn from a secret."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from fairfight.seeds import derive
from fairfight.tasks import roster
from fairfight.tasks.decompile.suites import compiled, published, secret, trained
from fairfight.tasks.decompile.suites.row import Compiled, Published, Row, Secret
from fairfight.tasks.task import CaseSpec, Split

if TYPE_CHECKING:
    from fairfight.faults.compiled.library import CompiledOrganism
    from fairfight.faults.program.recurrent import ProgramRecipe
    from fairfight.faults.program.secret import SecretOrganism

Any_ = Row | Compiled | Published | Secret

SUITES: dict[str, tuple[tuple[Any_, ...], tuple[Any_, ...]]] = {
    "tour": (trained.TOUR, ()),
    "quick": ((*trained.QUICK, *compiled.QUICK, *secret.QUICK), (*trained.DEV, *compiled.DEV, *secret.DEV)),
    "standard": (
        (*trained.STANDARD, *compiled.STANDARD, *published.STANDARD, *secret.STANDARD),
        (*trained.DEV, *compiled.DEV, *secret.DEV),
    ),
    "large": ((), ()),
}
"""Scored rows and development rows of each suite."""

EASY: dict[str, Row | Compiled | Secret] = {
    "sequences": Row("sum", "linear"),
    "transformers": Compiled("shift", "plain"),
    "vision": Secret("scenes", "sum"),
}
"""By modality, what the common suite of contenders is held on."""
SIZES = ((3, 7), (3, 8), (4, 6))
"""Tokens and longest sequences of compiled programs: all inputs can be tried."""


def spec(row: Any_, split: Split, suite: str, secret: str) -> CaseSpec:
    """The row as a case of a suite; the secret draws its numbers."""
    if isinstance(row, Row):
        return _trained(row, split, suite, secret)
    if isinstance(row, Secret):
        return _hidden(row, split, suite, secret)
    if isinstance(row, Published):
        return CaseSpec("decompile", suite, row.name, split, {"published": row.name}, "transformers")
    tokens, longest = SIZES[derive(secret, "decompile", split, "sizes", row.program) % len(SIZES)]
    recipe = {
        "compiled": row.program,
        "form": row.form,
        "tokens": tokens,
        "longest": longest,
        "seed": derive(secret, "decompile", split, *row),
    }
    name = f"{row.form}-{row.program}"
    return CaseSpec("decompile", suite, name if split == "scored" else f"dev-{name}", split, recipe, "transformers")


def _hidden(row: Secret, split: Split, suite: str, given: str) -> CaseSpec:
    from fairfight.faults.program.secret_rules import drawn_options

    seed = derive(given, "decompile", split, *row)
    options = drawn_options(row.world, row.family, seed)
    recipe: dict[str, Any] = {"secret": row.world, "family": row.family, "options": options, "seed": seed}
    name = f"{row.world}-{row.family}" + (f"-{row.group}" if row.group else "")
    modality: Literal["transformers", "vision"] = "transformers" if row.world == "pairs" else "vision"
    return CaseSpec("decompile", suite, name if split == "scored" else f"dev-{name}", split, recipe, modality)


def _trained(row: Row, split: Split, suite: str, secret: str) -> CaseSpec:
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


def missing(given: dict[str, Any]) -> str | None:
    """What a case lacks on this machine and what would bring it; None for most, which are made here."""
    from fairfight.worlds import sources

    if "published" not in given:
        return None
    return sources.missing("grokking" if given["published"].startswith("grokked") else "arena")


def organism_of(given: dict[str, Any]) -> ProgramRecipe:
    """The recipe of a trained network."""
    from fairfight.faults.program.recurrent import ProgramRecipe

    return ProgramRecipe(given["family"], given["options"], given["seed"])


def secret_of(given: dict[str, Any]) -> SecretOrganism:
    """The network of a case whose labels come from a secret rule."""
    from fairfight.faults.program.secret import SecretRecipe, build

    return build(SecretRecipe(given["secret"], given["family"], given["options"], given["seed"]))


def compiled_of(given: dict[str, Any]) -> CompiledOrganism:
    """The compiled network of a case."""
    from fairfight.faults.compiled.library import CompiledRecipe, build, hide
    from fairfight.faults.compiled.superposed import superpose

    recipe = CompiledRecipe(given["compiled"], given["tokens"], given["longest"], seed=given["seed"])
    make = {"plain": build, "hidden": hide, "superposed": superpose}[given["form"]]
    return make(recipe)


def specs(suite: str, secret: str) -> list[CaseSpec]:
    """The suite's scored and development cases.

    Raises:
        UserError: There is no such suite.
    """
    return roster.specs(SUITES, spec, suite, secret)
