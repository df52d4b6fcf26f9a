"""Programs a second of the enumerative search, beside what its numpy operations cost alone.

    python benchmarks/programs.py [--programs N] [--repeats N]

One thread. A search for something that no program does runs until its budget is spent, so that all of it is
enumeration. The bare cost is that of its numpy operations alone: the same calls on the same rows, with nothing
compared, kept or remembered. One by one is the evaluation of single programs on the same examples, as the language
does it. What is given is processor seconds of the best repeat; repeats take turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from fairfight.parts.programs import INT, INTS, Batch, Expr, Input, Space, TooLarge, Type, evaluate
from fairfight.parts.programs.search.enumeration import Budget, Enumeration
from fairfight.parts.programs.search.grammar import Production, grammar
from fairfight.parts.programs.search.values import Points

EXAMPLES, SINGLE = 48, 2000
Call = tuple[Callable[..., Any], Points, Production, list[Any]]

NUMBERS = Space((Input("a", INT, 0, 12), Input("b", INT, 0, 12)))
BITS = Space((Input("x", INTS, 0, 1),), (4, 8))
CASES: list[tuple[str, Space, Type]] = [("two numbers", NUMBERS, INT), ("a sequence", BITS, INTS)]


def seconds(run: Callable[[], object]) -> float:
    """Processor seconds of a call."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


def enumerated(productions: tuple[Production, ...], batch: Batch, kind: Type, programs: int) -> Enumeration:
    """A search that meets nothing."""
    width = int(batch.lengths.max()) if batch.lengths is not None else 0
    noise = np.random.default_rng(1).integers(0, 10_000, (len(batch), width) if kind.rank else len(batch))
    search = Enumeration(productions, batch, kind=kind, target=noise, budget=Budget(programs))
    search.run()
    return search


def recorded(productions: tuple[Production, ...], batch: Batch, kind: Type, programs: int) -> list[Call]:
    """The operations of such a search."""
    calls: list[Call] = []
    block, whole = Points.block, Points.whole

    def keep(call: Callable[..., Any]) -> Callable[..., Any]:
        def kept(self: Points, p: Production, args: list[Any]) -> Any:
            calls.append((call, self, p, args))
            return call(self, p, args)

        return kept

    Points.block, Points.whole = keep(block), keep(whole)  # type: ignore[method-assign]
    try:
        enumerated(productions, batch, kind, programs)
    finally:
        Points.block, Points.whole = block, whole  # type: ignore[method-assign]
    return calls


def bare(calls: list[Call]) -> None:
    """The operations again."""
    for call, points, p, args in calls:
        with suppress(TooLarge):
            call(points, p, args)


def expressions(search: Enumeration, kind: Type) -> list[Expr]:
    """Some that were kept, evenly."""
    refs = [ref for _, _, refs in search.kept(kind) for ref in refs]
    return [search.expression(refs[k]) for k in np.linspace(0, len(refs) - 1, SINGLE).astype(int)]


def main() -> None:
    """Print a line for each kind of input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    for name, space, kind in CASES:
        batch = space.sample(EXAMPLES, np.random.default_rng(0))
        productions = grammar(space)
        calls = recorded(productions, batch, kind, given.programs)
        values = int(batch.mask.sum()) if kind.rank and batch.mask is not None else len(batch)
        search = enumerated(productions, batch, kind, given.programs)
        some = expressions(search, kind)
        times: list[tuple[float, float, float]] = []
        for _ in range(given.repeats):
            times.append(
                (
                    seconds(lambda: enumerated(productions, batch, kind, given.programs)),  # noqa: B023
                    seconds(lambda: bare(calls)),  # noqa: B023
                    seconds(lambda: [evaluate(e, batch) for e in some]),  # noqa: B023
                )
            )
        searching, numpy, singly = (min(t[k] for t in times) for k in range(3))
        rate = search.evaluated / searching
        dropped = 1 - search.distinct / search.evaluated
        print(
            f"{name:12} {values} values   {rate:,.0f} programs/s   {searching / numpy:.1f} x its bare operations   "
            f"{rate * singly / len(some):.0f} x one by one   dropped as known {dropped:.0%}"
        )


if __name__ == "__main__":
    main()
