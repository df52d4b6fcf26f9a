"""From rows of suites to cases: what every task does with its lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from fairfight.errors import unknown
from fairfight.faults import homes
from fairfight.tasks.task import CaseSpec, Split
from fairfight.worlds import names

R = TypeVar("R")
Suites = Mapping[str, tuple[Sequence[R], Sequence[R]]]
"""Scored rows and development rows of each suite."""


class Planted(Protocol):
    """A row that plants a fault in a subject of a world."""

    @property
    def world(self) -> str:
        """The world's name."""
        ...

    @property
    def fault(self) -> str:
        """The family of faults."""
        ...


def specs(suites: Suites[R], spec: Callable[[R, Split, str, str], CaseSpec], suite: str, secret: str) -> list[CaseSpec]:
    """A suite's scored and development cases.

    Args:
        suites: The task's rows.
        spec: Makes a case of a row, its split, the suite and the secret.
        suite: Which.
        secret: What cases are drawn from.

    Raises:
        UserError: There is no such suite.
    """
    if suite not in suites:
        raise unknown("suite", suite, suites)
    scored, dev = suites[suite]
    return [spec(r, "scored", suite, secret) for r in scored] + [spec(r, "dev", suite, secret) for r in dev]


def homes_of(suites: Mapping[str, tuple[Iterable[Planted], Iterable[Planted]]]) -> tuple[str, ...]:
    """Modules of the worlds and the families of faults that occur in a suite."""
    rows = [row for pair in suites.values() for some in pair for row in some]
    return tuple(sorted({homes.home_of(row.fault) for row in rows} | {names.home_of(row.world) for row in rows}))
