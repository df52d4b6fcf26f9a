"""The search for a machine: updates first, judged without an output, then the output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.errors import UserError
from fairfight.parts.programs.build import at, item, length, state
from fairfight.parts.programs.evaluate import TooLarge, evaluate, states
from fairfight.parts.programs.expressions import BOOL, INT, Expr, Scan
from fairfight.parts.programs.search.branches import join
from fairfight.parts.programs.search.courses import CHUNK, Tapes, numbered, told_by
from fairfight.parts.programs.search.enumeration import Budget, Enumeration
from fairfight.parts.programs.search.found import Judge
from fairfight.parts.programs.search.grammar import Production, grammar
from fairfight.parts.programs.search.tracks import (
    GUIDED,
    LIBRARY,
    SEEN,
    Followed,
    Guide,
    Partitions,
    Track,
    library,
    longer,
    pruned,
    replaced,
    seen_inside,
)
from fairfight.parts.programs.spaces import Batch, Input, Space

Array = NDArray[Any]

EXAMPLES = 64
"""Examples that updates are run along; candidates are judged on all."""
SHORT, FIRST, MORE = 3_000, 40_000, 2_500
"""Expressions that a first search for a state, a longer one, and one for another state beside it may evaluate."""
ALONE = 100
"""Updates that are followed on their own where states leave the table, the cheapest."""
RUN = 10
"""Expressions that following an update on its own counts as: it takes about as long."""
QUICK, THOROUGH = 400, 6_000
"""Expressions that a search for an output may evaluate, of each machine that may do and then of the best few."""
MAY, FEW = 12, 3
COMBINATIONS = 64
"""Most combinations of what an update reads for which there are tables."""
ROWS = 160
"""Different rows of states, items and outputs that an expression is sought for."""
MOST = 3
"""States at most."""
WIDE = 2**31
"""States beyond this are not followed."""


class MachineSearch:
    """What the searches for a machine on some examples share."""

    def __init__(
        self,
        judge: Judge,
        items: Sequence[Expr],
        guidance: Mapping[str, float] | None,
        operations: Sequence[str],
        constants: Sequence[int],
        examples: int | None = EXAMPLES,
        guide: Guide | None = None,
    ) -> None:
        """Read the items of the examples."""
        space = judge.space
        if not space.sequential:
            raise UserError("A state machine needs an input that is a sequence.")
        self.judge, self._operations, self._constants = judge, operations, constants
        self._guidance, self._guide = dict(guidance or {}), guide
        batch = judge.batch[:examples]
        outputs = judge.few(np.arange(len(batch)))
        assert batch.mask is not None
        assert batch.lengths is not None
        self.mask = batch.mask
        self.items = tuple(items) or tuple(space[i.name] for i in space.inputs)
        self._wide = [np.broadcast_to(_column(evaluate(e, batch)), self.mask.shape) for e in self.items]
        self._flat = [w[self.mask] for w in self._wide]
        self._first = np.nonzero(self.mask)[1] == 0
        ends = np.cumsum(batch.lengths) - 1
        self._asked = np.arange(len(self._first)) if judge.kind.rank else ends
        self._wanted = outputs[self.mask] if judge.kind.rank else outputs
        self._numbers = numbered([self._wanted])

    # Unknown states

    def run(self, initial: tuple[int, ...]) -> None:
        """Machines of one state, then of more beside the most promising of those."""
        budget = self.judge.budget
        known: Sequence[Track | None] = (None, None)  # a short search first
        tried = Partitions()
        for depth in range(1, MOST + 1):
            share = max(RUN * ALONE, (budget.programs - budget.spent) // ((MOST + 1 - depth) * len(known)))
            seen: list[Track] = []
            good: list[Track] = []
            for k, beside in enumerate(known):
                more = MORE * LIBRARY // len(known) if self._guide else MORE
                part = budget.part(min(share, more if beside is not None else (SHORT, FIRST)[k]))
                tracks = list(self._tracks(part, initial, beside))
                budget.spent += part.spent
                seen += tracks
                new = [t for t in sorted(tracks, key=lambda t: -t.worth) if self._determines(t) and tried(t)][:MAY]
                good += new
                if any(self._finish(t, QUICK) for t in new):
                    return
                if self._over():
                    break
            best = (seen_inside(seen, self._guide) if self._guide else []) or library(seen)
            known = best
            good.sort(key=lambda t: -t.worth)
            if any(self._finish(t, THOROUGH) for t in good[:FEW]):
                return
            self._guess(best)
            if self._over():
                return
        self.judge.stopped = "exhausted"

    def _guess(self, known: Sequence[Track]) -> None:
        """Offer the most promising machine with the best output there is, in case none is right."""
        for track in sorted(known, key=lambda t: -t.worth)[:FEW]:
            output = self._fit(self._by_output(track), len(track.after), self._wanted, QUICK, best=True)
            if output is not None:
                self._offer(track.updates, track.initial, output)

    def _over(self) -> bool:
        reason = self.judge.budget.gone()
        if reason is not None:
            self.judge.stopped = reason
        return reason is not None

    def _tracks(self, budget: Budget, initial: tuple[int, ...], beside: Track | None) -> Iterator[Track]:
        """Machines with one more state: the cheapest, and those that tell most about the outputs."""
        old = beside.before(self._first) if beside is not None else []
        tapes = self._tapes(old, beside)
        names = [*(f"s{k}" for k in range(len(old) + 1)), *(f"n{k}" for k in range(len(old)))]
        search = Enumeration(self._productions(names), self._grid(tapes, len(old)), budget=budget)
        search.run()
        self.judge.evaluated += search.evaluated
        self.judge.distinct += search.distinct
        followed, alone = Followed(), min(GUIDED * ALONE if self._guide else ALONE, budget.programs // (4 * RUN))
        for _, rows, refs in search.kept(INT):
            for chunk in range(0, len(rows), CHUNK):
                for begin in initial:
                    part = rows[chunk : chunk + CHUNK]
                    if len(tapes.combinations) > COMBINATIONS:
                        outside = np.arange(len(part))
                    else:
                        courses, inside = tapes.follow(part, begin)
                        told, groups = tapes.told(courses)
                        heard = self._heard(courses)
                        for k in followed.chosen(told, groups, inside, heard):
                            if followed.new(courses[k]):
                                update = search.expression(refs[chunk + k])
                                worth = float(told[k]), int(groups[k]), float(heard[k])
                                yield longer(beside, update, begin, courses[k], *worth)
                        outside = np.nonzero(~inside)[0]
                    for k in outside[: max(0, alone - followed.alone)]:
                        followed.alone += 1
                        budget.spent += RUN
                        update = search.expression(refs[chunk + k])
                        course = self._alone(update, old, beside.after if beside else (), begin)
                        if course is not None and followed.new(course):
                            known = [*(beside.after if beside else ()), course, *self._flat]
                            told_, groups_ = told_by([c[self._asked] for c in known], self._numbers)
                            heard_ = float(self._heard(course[None])[0])
                            yield longer(beside, update, begin, course, told_, groups_, heard_)

    def _heard(self, courses: Array) -> Array:
        """What the guide sees of courses; nothing where there is none."""
        return np.zeros(len(courses)) if self._guide is None else self._guide.read(courses)

    def _tapes(self, old: list[Array], beside: Track | None) -> Tapes:
        """What updates read, numbered: old and new values of the states that there are, and items."""
        new = beside.after if beside else ()
        columns = np.stack([np.asarray(c, np.int64) for c in (*old, *new, *self._flat)], axis=1)
        combinations, place = np.unique(columns, axis=0, return_inverse=True)
        known = [c[self._asked] for c in (*(beside.after if beside else ()), *self._flat)]
        read = self._spread(place.reshape(-1))
        return Tapes(combinations, read, self.mask, numbered(known), self._numbers, self._asked)

    def _grid(self, tapes: Tapes, old: int) -> Batch:
        """Every combination of what an update reads with every state of the tables."""
        some = tapes.combinations
        if len(some) > COMBINATIONS:
            some = some[np.linspace(0, len(some) - 1, COMBINATIONS // 4).astype(int)]
        states_ = tapes.states
        names = [*(f"s{k}" for k in range(old)), *(f"n{k}" for k in range(old))]
        table = {name: np.repeat(some[:, k], len(states_)) for k, name in enumerate(names)}
        table[f"s{old}"] = np.tile(states_, len(some))
        for k, flat in enumerate(self._flat):
            table[f"x{k}"] = np.repeat(some[:, 2 * old + k], len(states_)).astype(flat.dtype)
        return Batch.of(**table)

    def _alone(self, update: Expr, old: list[Array], new: Sequence[Array], begin: int) -> Array | None:
        """The states that an update goes through, however large; nothing if they are too large."""
        items = [*self._wide, *(self._spread(o) for o in (*old, *new))]
        names = {f"s{len(old)}": state()}
        names |= {f"s{k}": item(len(self._wide) + k) for k in range(len(old))}
        names |= {f"n{k}": item(len(self._wide) + len(old) + k) for k in range(len(old))}
        rule = Scan((begin,), (replaced(update, names),), state())
        try:
            (after,) = states(rule, items)
        except TooLarge:
            return None
        found: Array = after[self.mask]
        return found if np.abs(found).max() < WIDE else None

    def _determines(self, track: Track) -> bool:
        """Whether states and items leave no doubt about the outputs, and the states are not merely all unlike.

        States that a guide sees may be many.
        """
        states_ = len(np.unique(numbered([c[self._asked] for c in track.after])))
        return track.told == 1.0 and (track.heard >= SEEN or 4 * states_ <= len(self._wanted))

    def _finish(self, track: Track, programs: int) -> bool:
        """Find the output of a machine; whether the whole is right on all examples."""
        output = self._fit(self._by_output(track), len(track.after), self._wanted, programs)
        return output is not None and self._offer(track.updates, track.initial, output)

    # Known states

    def follow(self, hidden: Array, initial: tuple[int, ...]) -> None:
        """Updates and output, given the states."""
        width, count = self.mask.shape[1], len(initial)
        after = [np.asarray(hidden[: len(self.mask), :width, k], np.int64)[self.mask] for k in range(count)]
        track = Track((), initial, tuple(after))
        before = track.before(self._first)
        share = self.judge.budget.programs // (count + 1)
        updates = [self._fit([*before, *self._flat], count, target, share, best=True) for target in after]
        output = self._fit(self._by_output(track), count, self._wanted, share, best=True)
        if output is not None and all(u is not None for u in updates):
            self._offer(tuple(u for u in updates if u is not None), initial, output)

    # Both

    def _by_output(self, track: Track) -> list[Array]:
        return [c[self._asked] for c in (*track.after, *self._flat)]

    def _fit(self, columns: list[Array], states_: int, target: Array, programs: int, best: bool = False) -> Expr | None:
        """An expression of states and items with the values wanted, or the best that there was."""
        names = [*(f"s{k}" for k in range(states_)), *(f"x{k}" for k in range(len(self.items)))]
        stacked = np.stack([np.asarray(c, np.int64) for c in (*columns, target)], axis=1)
        some, counts = np.unique(stacked, axis=0, return_counts=True)
        if len(some) > ROWS:  # the most usual ones: a search is the faster the fewer there are
            some = some[np.sort(np.argsort(-counts, kind="stable")[:ROWS])]
        table = {name: some[:, k].astype(columns[k].dtype) for k, name in enumerate(names)}
        part = self.judge.budget.part(programs)
        search = Enumeration(
            self._productions(names[:states_]),
            Batch.of(**table),
            kind=BOOL if target.dtype == bool else INT,
            target=some[:, -1].astype(target.dtype),
            budget=part,
        )
        self.judge.stopped = search.run()
        self.judge.budget.spent += part.spent
        self.judge.evaluated += search.evaluated
        self.judge.distinct += search.distinct
        if search.agreement < 1.0 and (joined := join(search)) is not None:
            return joined
        return search.best if best or search.agreement == 1.0 else None

    def _offer(self, updates: tuple[Expr, ...], initial: tuple[int, ...], output: Expr) -> bool:
        whole = Expr("scan", self.items, pruned(Scan(initial, updates, output)))
        if self.judge.kind.rank == 0:
            whole = at(whole, length() - 1)
        right = not len(self.judge.weigh(whole))
        if right:
            self.judge.stopped = "found"
        return right

    def _productions(self, states_: Sequence[str]) -> tuple[Production, ...]:
        inputs = [Input(name) for name in states_]
        inputs += [Input(f"x{k}", f.type.element) for k, f in enumerate(self.items)]
        space = Space(tuple(inputs))
        keys = {p.key for p in grammar(space, operations=self._operations, constants=self._constants)}
        known = {key: cost for key, cost in self._guidance.items() if key in keys}
        return grammar(space, operations=self._operations, constants=self._constants, guidance=known)

    def _spread(self, flat: Array) -> Array:
        wide = np.zeros(self.mask.shape, flat.dtype)
        wide[self.mask] = flat
        return wide


def _column(values: Array) -> Array:
    return values[:, None] if values.ndim == 1 else values
