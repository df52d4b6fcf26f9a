"""Machines without an output: their updates and the states that they go through, and which are worth going on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fairfight.parts.programs.build import state
from fairfight.parts.programs.expressions import Expr, Scan

Array = NDArray[Any]


@runtime_checkable
class Guide(Protocol):
    """What somebody who has looked inside says about courses of states, over all positions of the examples."""

    def read(self, courses: Array) -> Array:
        """How much of each course [courses, positions] can be seen inside, from 0 to 1."""
        ...

    def used(self, courses: Sequence[Array]) -> float:
        """How far courses together are all that counts there, from 0 to 1."""
        ...


LIBRARY = 80
"""Machines beside which one more state is sought."""
SEEN, GUIDED = 0.95, 6
"""From what on a guide is taken to see a state, and beside how many machines that it sees one more is sought."""
ALIKE = 3
"""Machines that tell the same positions apart for which an output is sought."""
BEST, CHEAP = 6, 24
"""Updates that go on: those of a block that tell most, and the cheapest of all."""


@dataclass(frozen=True)
class Track:
    """A machine without an output: its updates, and the states that it goes through on the examples."""

    updates: tuple[Expr, ...]
    initial: tuple[int, ...]
    after: tuple[Array, ...]
    """[positions of all examples] a state, after each position."""
    told: float = 0.0
    """The share of outputs that its states tell."""
    groups: int = 0
    """How many combinations of states and items there are."""
    heard: float = 0.0
    """What a guide says of its last state, and of all of them."""

    def before(self, starts: NDArray[np.bool_]) -> list[Array]:
        """The states that each position began with."""
        return [np.where(starts, s0, np.roll(a, 1)) for s0, a in zip(self.initial, self.after, strict=True)]

    @property
    def size(self) -> int:
        """Nodes of its updates."""
        return sum(u.size for u in self.updates)

    @property
    def worth(self) -> float:
        """How promising it is: what it tells less what it costs to say."""
        return self.told - 0.004 * self.groups - 0.01 * self.size


class Followed:
    """Which courses of states have been seen."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self.alone = 0

    def new(self, course: Array) -> bool:
        """Whether no course like it has been seen; states that differ by a constant tell the same things apart."""
        key = (course.astype(np.int64) - int(course[0])).tobytes()
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def chosen(self, told: Array, groups: Array, inside: Array, heard: Array) -> list[int]:
        """The cheapest of all, and those of a block that tell most, or that a guide says most of."""
        worth = np.where(inside, told - 0.004 * groups + heard, -1.0)
        best = np.argsort(-worth, kind="stable")[:BEST]
        cheap = np.nonzero(inside)[0][: CHEAP if len(self._seen) < CHEAP else 0]
        return sorted({int(k) for k in (*best, *cheap) if inside[k]})


def library(seen: list[Track]) -> list[Track]:
    """The cheapest machines and the most promising, each course of states once and none that stands still.

    Those that tell most are often variations of one; so the best of each number of groups come before the second best.
    """
    different: dict[bytes, Track] = {}
    for t in sorted(seen, key=lambda t: t.size):
        if all(a.min() < a.max() for a in t.after):
            different.setdefault(b"".join((a - a[0]).tobytes() for a in t.after), t)
    cheap = list(different.values())
    ranks: dict[int, int] = {}
    best: list[tuple[int, float, Track]] = []
    for t in sorted(cheap[LIBRARY // 2 :], key=lambda t: -t.worth):
        ranks[t.groups] = ranks.get(t.groups, 0) + 1
        best.append((ranks[t.groups], -t.worth, t))
    best.sort(key=lambda b: b[:2])
    return [*cheap[: LIBRARY // 2], *(t for _, _, t in best[: LIBRARY - LIBRARY // 2])]


def seen_inside(seen: list[Track], guide: Guide) -> list[Track]:
    """The machines of which a guide sees the last state, with how far they are all that counts; the best of them.

    Of those whose last states are one another's multiples, the cheapest.
    """
    known: dict[tuple[bytes, ...], Track] = {}
    for t in sorted(seen, key=lambda t: t.size):
        last = t.after[-1] - t.after[-1].mean()
        if t.heard >= SEEN and (scale := float(np.abs(last).max())) > 0:
            unit = np.round(last / (scale * np.sign(last[np.flatnonzero(last)[0]])), 6)
            known.setdefault((*(a.tobytes() for a in t.after[:-1]), unit.tobytes()), t)
    weighed = [replace(t, heard=t.heard + guide.used(t.after)) for t in list(known.values())[:LIBRARY]]
    return sorted(weighed, key=lambda t: -t.worth - t.heard)[:GUIDED]


class Partitions:
    """Which positions machines tell apart; many do the same in different numbers."""

    def __init__(self) -> None:
        self._count: dict[bytes, int] = {}

    def __call__(self, track: Track) -> bool:
        """Whether only few machines that tell the same positions apart have been seen before."""
        _, first, place = np.unique(np.stack(track.after), axis=1, return_index=True, return_inverse=True)
        key = first[place.reshape(-1)].astype(np.int32).tobytes()
        self._count[key] = self._count.get(key, 0) + 1
        return self._count[key] <= ALIKE


def longer(
    beside: Track | None, update: Expr, begin: int, course: Array, told: float, groups: int, heard: float = 0.0
) -> Track:
    """A machine with one more state."""
    if beside:  # new values of earlier states are written out, since all updates happen at once
        update = replaced(update, {f"n{k}": u for k, u in enumerate(beside.updates)})
    updates, initial, after = (beside.updates, beside.initial, beside.after) if beside else ((), (), ())
    return Track((*updates, update), (*initial, begin), (*after, course.astype(np.int64)), told, groups, heard)


def replaced(e: Expr, names: Mapping[str, Expr]) -> Expr:
    """An expression with others in the place of some variables."""
    if e.op == "var":
        return names.get(e.value[0], e)
    return Expr(e.op, tuple(replaced(a, names) for a in e.args), e.value)


def pruned(rule: Scan) -> Scan:
    """A scan without the states that its output does not depend on."""
    names = [f"s{k}" for k in range(len(rule.initial))]
    needed = set(rule.output.variables()) & set(names)
    while True:
        more = {v for k, name in enumerate(names) if name in needed for v in rule.updates[k].variables()} & set(names)
        if more <= needed:
            break
        needed |= more
    kept = [k for k, name in enumerate(names) if name in needed] or [0]
    new: dict[str, Expr] = {names[k]: state(place) for place, k in enumerate(kept)}
    updates = tuple(replaced(rule.updates[k], new) for k in kept)
    return Scan(tuple(rule.initial[k] for k in kept), updates, replaced(rule.output, new))
