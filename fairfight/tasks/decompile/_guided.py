"""The search for a state machine, guided by what a network's states tell about candidates."""

from __future__ import annotations

from fairfight.parts.programs import Program
from fairfight.parts.programs.search.enumeration import Budget
from fairfight.parts.programs.search.following import EXAMPLES
from fairfight.parts.programs.search.machines import synthesise_machine
from fairfight.parts.states.variables import Shuffled, Variables
from fairfight.tasks.decompile.brief import DecompileBrief


def guided_machine(brief: DecompileBrief, programs: int, *, shuffled: bool = False) -> Program:
    """The machine that a search comes to, of so many expressions, with what is read in the states or that shuffled."""
    true = Variables(brief.subject, brief.values[:EXAMPLES], brief.seed)
    guide = Shuffled(true, brief.seed) if shuffled else true
    return synthesise_machine(brief.space, brief.batch, brief.outputs, budget=Budget(programs), guide=guide).program
