"""One line of a suite: a secret rule, before its numbers are drawn."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A family of rules, and which of its instances."""

    family: str
    kind: str
    """``linear``, ``window`` or ``machine``: what a network needs to compute it."""
    group: int = 0


class Sizes(NamedTuple):
    """How many inputs of each kind a case has."""

    known: int = 256
    held: int = 256
