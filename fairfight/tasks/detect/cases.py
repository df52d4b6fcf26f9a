"""Which organisms each suite of ``detect`` has: plain data, drawn from a secret."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache

from fairfight.faults.recipe import Recipe
from fairfight.seeds import derive
from fairfight.tasks import roster
from fairfight.tasks.detect.suites import embedded, real_language, real_vision
from fairfight.tasks.detect.suites.row import Row, Sizes
from fairfight.tasks.modality import modality
from fairfight.tasks.task import CaseSpec, Split

SUITES: dict[str, tuple[tuple[Row, ...], tuple[Row, ...]]] = {
    "tour": (embedded.TOUR, ()),
    "quick": (embedded.SCORED, embedded.DEV),
    "standard": (real_vision.SCORED + real_language.SCORED, real_vision.DEV + real_language.DEV),
    "large": ((), ()),
}
"""Scored rows and development rows of each suite."""

SIZES: dict[str, Sizes] = {
    "imagenet": Sizes(100, 80, 60),
    "sst2": Sizes(128, 100, 80),
    "ag-news": Sizes(128, 100, 80),
    "digits/unseen-class": Sizes(suspects=60),
}
"""By world, or world and fault, where the held-out pool is small or a pass is dear."""


def sizes(recipe: Recipe) -> Sizes:
    """How many inputs a sitting on this organism has."""
    return SIZES.get(f"{recipe.world}/{recipe.fault}") or SIZES.get(recipe.world) or Sizes()


def recipe(row: Row, split: Split, secret: str) -> Recipe:
    """The row's organism; development cases hang on a branch of seeds that no scored case is on."""
    world, architecture, fault, planting, group = row
    knows = planting == "adaptive"  # the same instance of the fault as in the organism that it is compared with
    return Recipe(
        world=world,
        architecture=architecture,
        fault=fault,
        planting=planting,
        seed=derive(secret, split, world, architecture, group),
        fault_seed=derive(secret, split, "fault", *(row._replace(planting="finetune") if knows else row)),
    )


def spec(row: Row, split: Split, suite: str, secret: str) -> CaseSpec:
    """The row as a case of a suite."""
    world, architecture, fault, planting, _ = row
    where = world if architecture == "cnn" else f"{world}-{architecture}"
    name = f"{where}-{fault}-{planting}"
    return CaseSpec(
        task="detect",
        suite=suite,
        name=name if split == "scored" else f"dev-{name}",
        split=split,
        recipe=asdict(recipe(row, split, secret)),
        modality=modality(world),
    )


@cache
def made_of() -> tuple[str, ...]:
    """Modules of the worlds and the families of faults that occur in a suite."""
    return roster.homes_of(SUITES)


def easy(modality: str) -> CaseSpec:
    """What the common suite of contenders is held on.

    In vision a patch so faint that only a subject with the trojan minds it, in language a rare token: the organism on
    which the package's own tests try much else too, so that it is built once.
    """
    if modality == "language":
        case = spec(Row("sentences", "bert", "rare-token", "scratch"), "dev", "tour", "easy")
        return replace(case, name="easy", recipe=case.recipe | {"seed": 0, "fault_seed": 0})
    case = spec(Row("digits", "cnn", "patch", "scratch"), "dev", "tour", "easy")
    return replace(case, name="easy", recipe=case.recipe | {"options": {"size": 2, "opacity": 0.5}})


def specs(suite: str, secret: str) -> list[CaseSpec]:
    """The suite's scored and development cases.

    Raises:
        UserError: There is no such suite.
    """
    return roster.specs(SUITES, spec, suite, secret)
