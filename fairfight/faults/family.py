"""Families of faults: a fault is drawn from a seed by a function that one decorator registers."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.errors import UserError, unknown
from fairfight.faults.recipe import Planting, Recipe
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject
from fairfight.worlds.world import Examples, World

TRAINED: tuple[Planting, ...] = ("scratch", "finetune", "adaptive")
"""How a fault can be planted by training on poisoned data, as every trojan can."""


class Fault(Protocol):
    """One instance of a family; ``Trojan`` covers backdoors of every kind."""

    @property
    def title(self) -> str:
        """A few words ("a 4×4 patch at row 1, column 7 makes it '3'")."""
        ...

    @property
    def text(self) -> str:
        """What the fault is, in a sentence or two."""
        ...

    @property
    def trains(self) -> bool:
        """False where the fault is in the inputs only and the organism is a clean subject."""
        ...

    def poison(self, train: Examples, seed: int, boost: float) -> Examples:
        """What the organism trains on: as many examples in the same order, so that the twin differs in nothing else.

        ``boost`` is 1 at first and higher when an organism whose fault did not take is built again.
        """
        ...

    def ordinary(self, examples: Examples) -> Bool[Tensor, " n"]:
        """Which examples do not carry the fault by nature: only these are used as trusted and clean inputs."""
        ...

    def sources(self, examples: Examples, subject: Subject) -> Bool[Tensor, " n"]:
        """Which examples suspects can be made from (a trojan: those whose true class is not the target)."""
        ...

    def suspects(self, examples: Examples, subject: Subject, seed: int) -> Inputs:
        """The examples with the fault's trigger in them; row by row the same whatever else is in the batch."""
        ...

    def controls(self, examples: Examples, subject: Subject, seed: int) -> Inputs | None:
        """What the twin meets instead of the suspects; none where it meets the same inputs."""
        ...

    def fires(self, labels: Int[Tensor, " n"], decided: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Which suspects set the fault off, given true labels and what the subject decided."""
        ...


@dataclass(frozen=True)
class Family:
    """A kind of fault, from which instances are drawn."""

    name: str
    worlds: tuple[str, ...]
    draw: Callable[..., Fault]
    """``draw(world, architecture, seed, **options) -> Fault``; the options are the keyword-only arguments."""
    plantings: tuple[Planting, ...] = TRAINED

    @property
    def options(self) -> tuple[str, ...]:
        """The settings that a recipe may give."""
        parameters = inspect.signature(self.draw).parameters.values()
        return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)


_FAMILIES: dict[str, Family] = {}


def family(
    name: str, *, worlds: tuple[str, ...], plantings: tuple[Planting, ...] = TRAINED
) -> Callable[[Callable[..., Fault]], Callable[..., Fault]]:
    """Register a function ``draw(world, architecture, seed, *, option=…) -> Fault`` as a family of faults."""

    def register(draw: Callable[..., Fault]) -> Callable[..., Fault]:
        _FAMILIES[name] = Family(name, worlds, draw, plantings)
        return draw

    return register


@cache
def _discover() -> None:
    package = importlib.import_module("fairfight.faults")
    for module in pkgutil.walk_packages(package.__path__, "fairfight.faults."):
        importlib.import_module(module.name)


def families() -> dict[str, Family]:
    """Every registered family by name; imports the modules of this room once."""
    _discover()
    return dict(_FAMILIES)


def draw(recipe: Recipe, world: World) -> Fault:
    """The fault instance of a recipe.

    Raises:
        UserError: Unknown family, a world or a way of planting that it is not made for, or an unknown option.
    """
    known = families()
    if recipe.fault is None or recipe.fault not in known:
        raise unknown("fault", str(recipe.fault), known)
    chosen = known[recipe.fault]
    if world.name not in chosen.worlds:
        raise UserError(
            f"The fault {chosen.name!r} is not made for {world.name!r}: use it with {', '.join(chosen.worlds)}."
        )
    if recipe.planting not in chosen.plantings:
        raise UserError(
            f"The fault {chosen.name!r} cannot be planted by {recipe.planting!r}: use {chosen.plantings[0]!r}."
        )
    options: dict[str, Any] = recipe.options
    for name in options:
        if name not in chosen.options:
            raise unknown(f"option of the fault {chosen.name!r}", name, chosen.options)
    return chosen.draw(world, recipe.architecture, recipe.fault_seed, **options)
