"""Searches by name: a function that one decorator registers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairfight.audits.registering import import_all

if TYPE_CHECKING:
    from fairfight.audits.material import Material
    from fairfight.audits.records import Suspicion
    from fairfight.subject.subject import Kind

Look = Callable[["Material", int], "list[Suspicion]"]


@dataclass(frozen=True)
class Search:
    """Something that an audit looks for."""

    name: str
    title: str
    """What is looked for, in words for everybody."""
    kinds: tuple[Kind, ...]
    """Of models that it applies to."""
    look: Look
    """Takes the material and a seed, and sees ``material.search`` only."""


_SEARCHES: dict[str, Search] = {}


def search(name: str, title: str, kinds: tuple[Kind, ...]) -> Callable[[Look], Look]:
    """Register ``look(material, seed) -> suspicions`` as a search."""

    def register(look: Look) -> Look:
        _SEARCHES[name] = Search(name, title, kinds, look)
        return look

    return register


def searches(kind: Kind) -> tuple[Search, ...]:
    """All that apply to a kind of model, by name."""
    import_all("fairfight.audits.searches")
    return tuple(s for _, s in sorted(_SEARCHES.items()) if kind in s.kinds)
