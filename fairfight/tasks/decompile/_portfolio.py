"""Several ways to fit inputs and outputs, and the one that does best on longer inputs than it was fitted to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fairfight.parts.identification.linear import linear_recurrence
from fairfight.parts.identification.trees import recurrent_tree
from fairfight.parts.programs import Batch, Program
from fairfight.parts.programs.fits.automata import learn_automaton
from fairfight.parts.programs.search.enumeration import Budget
from fairfight.parts.programs.search.machines import synthesise_machine
from fairfight.seeds import numpy_rng
from fairfight.tasks.decompile._trial import answered_by
from fairfight.tasks.decompile.brief import DecompileBrief, decided

TRIALS, LONGER = 64, 4
"""Sequences by which fits are compared, so many times as long as the known ones."""


def portfolio(brief: DecompileBrief, *, programs: int, longest: int, queries: int) -> Any:
    """The fit that agrees most with the network on longer sequences; of equals a program, and the first.

    Args:
        brief: The brief.
        programs: Expressions that the search for a machine may evaluate.
        longest: How far a tree looks back; a linear recurrence twice as far.
        queries: Sequences that L* may ask about.
    """
    rng = numpy_rng(brief.seed, "portfolio")
    shape = (TRIALS, LONGER * brief.values.shape[1], brief.values.shape[2])
    bounds = brief.subject.space
    values = rng.integers(bounds.low, bounds.high + 1, shape)
    wanted = decided(brief.subject, values)
    best, most = None, -1.0
    for fit in _fits(brief, programs, longest, queries):
        found = fit()
        share = float((answered_by(found, brief.space, values) == wanted).mean())
        if share > most:
            best, most = found, share
        if most == 1.0:
            break
    return best


def machine(brief: DecompileBrief, programs: int) -> Program:
    """The state machine that a search comes to, of so many expressions."""
    return synthesise_machine(brief.space, brief.batch, brief.answers, budget=Budget(programs)).program


def automaton(brief: DecompileBrief, queries: int) -> Program:
    """What L* learns by asking, as a program."""
    lengths = (1, 2 * brief.values.shape[1])
    return learn_automaton(asking(brief), brief.space, queries=queries, lengths=lengths, seed=brief.seed).program


def _fits(brief: DecompileBrief, programs: int, longest: int, queries: int) -> Iterator[Callable[[], Any]]:
    yield lambda: linear_recurrence(brief.space, brief.values, brief.answers, longest=2 * longest)[0]
    yield lambda: machine(brief, programs)
    yield lambda: automaton(brief, queries)
    yield lambda: recurrent_tree(brief.values, brief.answers, seed=brief.seed, longest=longest)


def asking(brief: DecompileBrief) -> Callable[[Batch], np.ndarray]:
    """What answers queries: the network."""

    def ask(given: Batch) -> np.ndarray:
        values = np.stack([given.columns[entry.name] for entry in brief.space.inputs], axis=2)
        assert given.mask is not None
        values[~given.mask] = brief.subject.space.low
        return decided(brief.subject, values)

    return ask
