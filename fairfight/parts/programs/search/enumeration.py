"""All expressions by increasing cost, one for each behaviour on the examples (Albarghouthi, Gulwani & Kincaid 2013).

Expressions are built bottom up from kept ones. One whose values equal those of a kept one is dropped: whatever could be
built from it can be built from the other, which costs no more. Operations on single values are done for whole blocks
of kept expressions at once, so that most of the time goes into numpy.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fairfight.parts.programs.evaluate import TooLarge
from fairfight.parts.programs.expressions import Expr, Type
from fairfight.parts.programs.search.grammar import GRAIN, Production
from fairfight.parts.programs.search.values import BLOCKED, BOUND, Points
from fairfight.parts.programs.spaces import Batch

Array = NDArray[Any]
Stop = Literal["found", "budget", "time", "memory", "exhausted"]

BLOCK = 4096
"""Rows that are worked on at once."""
MEMORY = 600 << 20
"""Bytes of kept values at which a search ends."""

Ref = tuple[Type, int, int]
"""A kept expression: its type, its level and its place there."""

Origin = tuple[Production, tuple[int, ...], tuple[int, ...]]
"""How an expression was built: the levels of its arguments and their places there."""
Places = tuple[tuple[int, ...], int, tuple[int, ...]]
"""Places of arguments before and after the one that a block runs over, and where that block begins."""
_NOWHERE: Places = ((), 0, ())


@dataclass
class Budget:
    """What a search may spend; several searches may share one."""

    programs: int = 300_000
    """Expressions that may be evaluated: the same everywhere, unlike seconds."""
    seconds: float | None = None
    spent: int = 0
    begun: float = field(default_factory=time.monotonic)

    def gone(self) -> Stop | None:
        """Why there is nothing left, if so."""
        if self.spent >= self.programs:
            return "budget"
        if self.seconds is not None and time.monotonic() - self.begun > self.seconds:
            return "time"
        return None

    def part(self, programs: int) -> Budget:
        """A smaller budget within this one; add what it spent to this one's afterwards."""
        left = None if self.seconds is None else self.seconds - (time.monotonic() - self.begun)
        return Budget(min(programs, self.programs - self.spent), left)


class _Ended(Exception):
    """There is no more to look for, or to spend."""

    def __init__(self, reason: Stop) -> None:
        self.reason = reason


class Enumeration:
    """A search through the expressions of a grammar.

    Attributes:
        evaluated: How many expressions were evaluated.
        distinct: How many of them behaved like none before.
        best: The expression that agrees with the target most, the cheapest of equals; none without a target.
        agreement: The share of values on which it agrees.
    """

    def __init__(
        self,
        productions: tuple[Production, ...],
        batch: Batch,
        *,
        kind: Type | None = None,
        target: Array | None = None,
        budget: Budget,
        deepest: float = 40.0,
    ) -> None:
        """Set a search up.

        Args:
            productions: From :func:`grammar`.
            batch: The examples.
            kind: The type of what is sought.
            target: Its values as evaluation gives them; nothing ends the search but the budget where there is none.
            budget: What may be spent.
            deepest: The largest cost of an expression.
        """
        self._productions, self._points, self._budget = productions, Points(batch), budget
        self.kind, self._deepest = kind, round(deepest / GRAIN)
        self.target: Array | None = None
        if target is not None and kind is not None:
            self.target = self._points.row(target[:, None] if target.ndim == 1 else target, kind)
        self._rows: dict[Type, dict[int, Array]] = {t: {} for t in Type}
        self._origins: dict[Type, dict[int, list[Origin]]] = {t: {} for t in Type}
        self._fresh: dict[Type, list[Array]] = {t: [] for t in Type}
        self._seen: dict[Type, set[bytes]] = {t: set() for t in Type}
        self._bytes = 0
        self.evaluated = self.distinct = 0
        self.agreement = -1.0
        self._best: Ref | None = None

    @property
    def best(self) -> Expr | None:
        """What agrees most so far."""
        return None if self._best is None else self.expression(self._best)

    def run(self) -> Stop:
        """Search until the target is met or the budget is spent."""
        try:
            for level in range(1, self._deepest + 1):
                for p in self._productions:
                    if p.leaf is not None:
                        if p.level == level:
                            values = self._points.run(p.leaf)
                            self._keep(p, self._points.row(values, p.result)[None], level, (), _NOWHERE)
                    elif p.level < level:
                        self._level(p, level)
                self._close(level)
        except _Ended as end:
            self._close(level)
            return end.reason
        return "exhausted"

    def kept(self, kind: Type) -> Iterator[tuple[int, Array, list[Ref]]]:
        """The kept expressions of a type by level: values, a row each, and what :meth:`expression` takes."""
        for level in sorted(self._rows[kind]):
            rows = self._rows[kind][level]
            yield level, rows, [(kind, level, k) for k in range(len(rows))]

    def expression(self, ref: Ref) -> Expr:
        """A kept expression."""
        p, levels, places = self._origins[ref[0]][ref[1]][ref[2]]
        if p.leaf is not None:
            return p.leaf
        return Expr(p.op, tuple(self.expression(a) for a in zip(p.kinds, levels, places, strict=True)), p.value)

    def _level(self, p: Production, level: int) -> None:
        """Everything of a cost that a production makes."""
        left = level - p.level
        for levels in _splits(left, len(p.kinds)):
            if p.commutative and levels[0] > levels[1]:
                continue
            if all(part in self._rows[k] for k, part in zip(p.kinds, levels, strict=True)):
                if p.op in BLOCKED:
                    self._blocks(p, levels, level)
                else:
                    self._singly(p, levels, level)

    def _blocks(self, p: Production, levels: tuple[int, ...], level: int) -> None:
        """Many at once: loop over all arguments but the one with the most rows."""
        banks = [self._rows[k][part] for k, part in zip(p.kinds, levels, strict=True)]
        sizes = [len(b) for b in banks]
        wide = int(np.argmax(sizes))
        same = p.commutative and levels[0] == levels[1]
        others = [range(n) for k, n in enumerate(sizes) if k != wide]
        for chosen in product(*others):
            for begin in range(chosen[0] if same else 0, sizes[wide], BLOCK):
                end = min(begin + BLOCK, sizes[wide])
                spot = iter(chosen)
                args = [b[begin:end] if k == wide else b[next(spot)] for k, b in enumerate(banks)]
                rows = self._points.block(p, args)
                self._keep(p, rows, level, levels, (chosen[:wide], begin, chosen[wide:]))

    def _singly(self, p: Production, levels: tuple[int, ...], level: int) -> None:
        """An operation on whole sequences."""
        banks = [self._rows[k][part] for k, part in zip(p.kinds, levels, strict=True)]
        for places in product(*(range(len(b)) for b in banks)):
            try:
                row = self._points.whole(p, [b[m] for b, m in zip(banks, places, strict=True)])
            except TooLarge:
                continue
            self._keep(p, row[None], level, levels, (places[:-1], places[-1], ()))

    def _keep(self, p: Production, rows: Array, level: int, levels: tuple[int, ...], places: Places) -> None:
        """Keep the rows that are new, and see whether one is what is sought."""
        kind = p.result
        self.evaluated += len(rows)
        self._budget.spent += len(rows)
        which: range | list[int] = range(len(rows))
        if not kind.boolean:
            which = np.nonzero((np.abs(rows) <= BOUND).all(axis=1))[0].tolist()
            rows = rows.astype(np.int32)
        rows = np.ascontiguousarray(rows)
        data, step = rows.tobytes(), rows.shape[1] * rows.itemsize
        seen, origins = self._seen[kind], self._origins[kind].setdefault(level, [])
        first, new = len(origins), []
        for m in which:
            key = data[m * step : m * step + step]
            if key not in seen:
                seen.add(key)
                new.append(m)
        before, begin, after = places
        origins += [(p, levels, (*before, begin + m, *after)) for m in new]
        if new:
            fresh = rows[new]
            self._fresh[kind].append(fresh)
            self.distinct += len(new)
            self._bytes += 2 * fresh.nbytes + 300 * len(new)
            if kind is self.kind and self.target is not None:
                self._compare(fresh, (kind, level, first))
        if self._bytes > MEMORY:
            raise _Ended("memory")
        if (reason := self._budget.gone()) is not None:
            raise _Ended(reason)

    def _compare(self, rows: Array, first: Ref) -> None:
        share = (rows == self.target).mean(axis=1)
        place = int(share.argmax())
        if share[place] > self.agreement:
            self.agreement = float(share[place])
            self._best = (first[0], first[1], first[2] + place)
            if self.agreement == 1.0:
                raise _Ended("found")

    def _close(self, level: int) -> None:
        """Make what was found at a level available to the next."""
        for kind, parts in self._fresh.items():
            if parts:
                self._rows[kind][level] = np.concatenate(parts)
                parts.clear()
            else:
                self._origins[kind].pop(level, None)


def _splits(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write a number as a sum of so many positive ones, in order."""
    if parts == 0:
        return
    if parts == 1:
        if total > 0:
            yield (total,)
        return
    for first in range(1, total - parts + 2):
        for rest in _splits(total - first, parts - 1):
            yield first, *rest
