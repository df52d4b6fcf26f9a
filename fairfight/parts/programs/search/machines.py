"""State machines from sequences: an initial state, an update and an output that give what is wanted at each position.

An update is judged without knowing the output: it must lead to states that tell apart whatever has different outputs.
Updates are enumerated once for each behaviour on pairs of state and item, run along the examples, and those whose
states determine the outputs go on to a search for the output expression, simplest first. A second state is sought in
the same way beside a first one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from fairfight.errors import UserError
from fairfight.parts.programs.expressions import Expr
from fairfight.parts.programs.search.enumeration import Budget
from fairfight.parts.programs.search.following import MachineSearch
from fairfight.parts.programs.search.found import Found, Judge
from fairfight.parts.programs.search.grammar import NUMBERS
from fairfight.parts.programs.search.tracks import Guide
from fairfight.parts.programs.spaces import Batch, Space

Array = NDArray[Any]

INITIAL = (0, 1, -1)
"""States to begin from, where no others are given."""


def synthesise_machine(
    space: Space,
    batch: Batch,
    outputs: Array,
    *,
    items: Sequence[Expr] = (),
    guidance: Mapping[str, float] | None = None,
    operations: Sequence[str] = NUMBERS,
    constants: Sequence[int] = (0, 1, 2, 3),
    initial: Sequence[int] = INITIAL,
    budget: Budget | None = None,
    held_out: float = 0.25,
    guide: Guide | None = None,
) -> Found:
    """Find a scan of up to three states that gives the outputs.

    Args:
        space: The inputs of the program; at least one is a sequence.
        batch: Examples.
        outputs: [n, positions], or [n] for what the machine gives at the last position.
        items: What the machine reads; the inputs themselves if not said.
        guidance: What productions cost by key, as in an enumeration; variables are ``var:s0``, ``var:x0`` and so on.
        operations: Which operations updates and outputs may use.
        constants: Numbers to begin from.
        initial: States to begin from.
        budget: What may be spent.
        held_out: Share of the examples, the last ones, that the search does not see.
        guide: Says which courses of states can be seen in a network, all of whose sequences have one length: machines
            of which it sees more go first, and further states are sought beside these alone.
    """
    budget = budget or Budget()
    judge = Judge(space, batch, outputs, held_out, budget)
    search = MachineSearch(judge, items, guidance, operations, constants, guide=guide)
    search.run(tuple(initial))
    return judge.verdict(judge.stopped)


def machine_from_states(
    space: Space,
    batch: Batch,
    outputs: Array,
    hidden: Array,
    initial: Sequence[int],
    *,
    items: Sequence[Expr] = (),
    guidance: Mapping[str, float] | None = None,
    operations: Sequence[str] = NUMBERS,
    constants: Sequence[int] = (0, 1, 2, 3),
    budget: Budget | None = None,
    held_out: float = 0.25,
) -> Found:
    """Find the updates and the output of a machine whose states are known, one expression at a time.

    Args:
        space: The inputs of the program; at least one is a sequence.
        batch: Examples.
        outputs: [n, positions], or [n] for what the machine gives at the last position.
        hidden: [n, positions, states] whole numbers: the states after each position.
        initial: The states before the first position.
        items: What the machine reads; the inputs themselves if not said.
        guidance: What productions cost by key; variables are ``var:s0``, ``var:x0`` and so on.
        operations: Which operations updates and outputs may use.
        constants: Numbers to begin from.
        budget: What may be spent on all of it.
        held_out: Share of the examples, the last ones, that the search does not see.
    """
    budget = budget or Budget()
    judge = Judge(space, batch, outputs, held_out, budget)
    if hidden.ndim != 3 or hidden.dtype.kind not in "iu" or hidden.shape[2] != len(initial):
        raise UserError("Hidden states must be whole numbers [examples, positions, states], one initial value a state.")
    search = MachineSearch(judge, items, guidance, operations, constants, examples=None)
    search.follow(hidden[: len(judge.batch)], tuple(int(v) for v in initial))
    return judge.verdict(judge.stopped)
