"""One line of a suite: a secret rule, before its numbers are drawn."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Row(NamedTuple):
    """A family of rules, and which of its instances."""

    family: str
    kind: str
    """``linear``, ``window`` or ``machine``: what a network needs to compute it."""
    group: int = 0


Form = Literal["plain", "hidden", "superposed"]


class Compiled(NamedTuple):
    """A program that is compiled into a transformer; how many tokens it takes and how many of them is drawn."""

    program: str
    form: Form
    """As compiled; its directions turned at random, with as much noise as it bears; or in a narrower stream."""


class Published(NamedTuple):
    """A transformer that somebody trained, by its name."""

    name: str


class Secret(NamedTuple):
    """A family of secret rules in a world, and which of its instances."""

    world: str
    family: str
    group: int = 0


class Sizes(NamedTuple):
    """How many inputs of each kind a case has."""

    known: int = 256
    held: int = 256
