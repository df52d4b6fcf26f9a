"""Synthesis from the variables that probes read from a transformer."""

from __future__ import annotations

from fairfight.parts.heads.probing import framed, likely, probed
from fairfight.parts.programs import Program
from fairfight.parts.programs.search.enumeration import Budget
from fairfight.parts.programs.search.grammar import NUMBERS
from fairfight.parts.programs.search.synthesis import synthesise
from fairfight.seeds import numpy_rng
from fairfight.tasks.decompile._portfolio import examples, numbers
from fairfight.tasks.decompile._reading import usual
from fairfight.tasks.decompile.brief import DecompileBrief

READ, KEPT = 400, 2
"""Inputs that are read, and variables that a search begins from."""
REDUCED = ("indices", "length", "sum", "largest", "smallest", "any", "all", "at", "reverse")
"""What the search uses beside operations on numbers: what looks elsewhere is in the variables."""


def probed_program(brief: DecompileBrief, programs: int, *, shuffled: bool = False) -> Program:
    """The program that an enumeration from the best-read variables comes to.

    Args:
        brief: The brief.
        programs: Expressions that may be evaluated.
        shuffled: Take as many variables at random, whatever is read.
    """
    if framed(brief.subject) is None:
        return usual(brief)
    given, rng = examples(brief), numpy_rng(brief.seed, "probed")
    values = given.values[:READ]
    if brief.lengths is not None:  # of one length: nothing is padded
        bounds, longest = brief.subject.space, brief.space.lengths[1]
        values = rng.integers(bounds.low, bounds.high + 1, (READ, longest, values.shape[2]))
    found = [one.variable for one in probed(brief.subject, brief.space, values, likely(brief.space))]
    if shuffled:
        found = [found[k] for k in rng.permutation(len(found))]
    return synthesise(
        brief.space,
        given.batch,
        given.outputs,
        given=found[:KEPT],
        operations=(*NUMBERS, *REDUCED),
        constants=numbers(brief),
        budget=Budget(programs),
    ).program
