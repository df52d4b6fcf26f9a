"""The cheapest program that gives the outputs of the examples, by enumeration on a few of them at a time.

Most expressions are told apart by few examples, and the fewer there are the faster an enumeration is. What it finds is
compared with all examples; those on which it is wrong join the few, and the enumeration begins again (Solar-Lezama
et al. 2006).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.parts.programs.expressions import Expr
from fairfight.parts.programs.search.branches import join
from fairfight.parts.programs.search.enumeration import Budget, Enumeration, Stop
from fairfight.parts.programs.search.found import Found, Judge
from fairfight.parts.programs.search.grammar import grammar
from fairfight.parts.programs.spaces import Batch, Space

POSITIONS, EXAMPLES = 120, 48
"""A search begins with about so many outputs, and not more examples."""
ADDED = 8
"""Examples that join after a candidate was wrong."""


def synthesise(
    space: Space,
    batch: Batch,
    outputs: NDArray[Any],
    *,
    guidance: Mapping[str, float] | None = None,
    given: Sequence[Expr] = (),
    operations: Sequence[str] | None = None,
    constants: Sequence[int] = (0, 1, 2, 3),
    budget: Budget | None = None,
    held_out: float = 0.25,
) -> Found:
    """Search expressions in order of cost for one that gives the outputs.

    Args:
        space: The inputs of the program.
        batch: Examples, in random order.
        outputs: What is wanted for each: [n], or [n, positions] where beyond an example's length anything may stand.
        guidance: What productions cost by key, 1 where not said: the cheaper, the earlier. Keys are operations,
            ``select:eq``, ``var:x``, ``const:2`` and ``given:0``.
        given: Expressions to begin from.
        operations: Which operations to use.
        constants: Numbers to begin from.
        budget: What may be spent; the best so far comes back when it is.
        held_out: Share of the examples, the last ones, that the search does not see.

    Returns:
        The program that is right on most examples, and whether it is right on all.
    """
    budget = budget or Budget()
    judge = Judge(space, batch, outputs, held_out, budget)
    productions = grammar(space, operations=operations, constants=constants, given=given, guidance=guidance)
    enumerate_into(judge, productions)
    return judge.verdict(judge.stopped)


def enumerate_into(judge: Judge, productions: tuple[Any, ...], deepest: float = 40.0) -> None:
    """Enumerate until the judge has a candidate that is right on all examples it sees, or nothing is left."""
    budget = judge.budget
    few = np.arange(_begin_with(judge))
    while True:
        search = Enumeration(
            productions, judge.batch[few], kind=judge.kind, target=judge.few(few), budget=budget, deepest=deepest
        )
        stopped: Stop = search.run()
        judge.evaluated += search.evaluated
        judge.distinct += search.distinct
        judge.stopped = stopped
        wrong = judge.weigh(search.best) if search.best is not None else few
        if not len(wrong):
            return
        if stopped != "found":
            joined = join(search)
            wrong = judge.weigh(joined) if joined is not None else wrong
            if not len(wrong) or joined is None or budget.gone() is not None:
                return
        few = np.concatenate([few, wrong[:ADDED]])


def _begin_with(judge: Judge) -> int:
    n = len(judge.batch)
    if judge.kind.rank == 0 or judge.batch.lengths is None:
        return min(n, EXAMPLES)
    enough = int(np.searchsorted(np.cumsum(judge.batch.lengths), POSITIONS)) + 1
    return min(n, EXAMPLES, max(4, enough))
