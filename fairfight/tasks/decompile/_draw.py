"""From a trained network to what is put on the table; nothing of the exam is in the brief."""

from __future__ import annotations

import copy

import numpy as np

from fairfight.faults.program.recurrent import ProgramOrganism
from fairfight.faults.training import one_thread
from fairfight.parts.programs import Space
from fairfight.parts.states.written import inputs_of, written
from fairfight.seeds import derive, numpy_rng
from fairfight.subject.sequences import SequenceSubject
from fairfight.tasks.decompile.brief import DecompileAnswer, DecompileBrief, DecompileExam, decided
from fairfight.tasks.decompile.suites.row import Sizes
from fairfight.worlds.sequences.rule import LONGER, Rule

EVERY = 20_000
"""Sequences that are tried one by one at most."""
TRIED = 2048
"""Sequences of every length that are tried where all are too many."""

Sitting = tuple[DecompileBrief, DecompileExam, DecompileAnswer]


def sitting(organism: ProgramOrganism, sizes: Sizes, seed: int) -> Sitting:
    """Brief, exam and answer for one match seed."""
    rule, subject = organism.rule, organism.subject
    space = inputs_of(rule)
    known = rule.sample(sizes.known, rule.length, seed, "known")
    every, lengths, exhaustive = _every(space, rule, seed)
    asked = {
        "held": rule.sample(sizes.held, rule.length, seed, "held"),
        "longer": rule.sample(sizes.held, LONGER * rule.length, seed, "longer"),
        "every": every,
    }
    with one_thread():
        answers = {part: decided(subject, values) for part, values in asked.items()}
        given = decided(subject, known)
    right = {part: rule(values) for part, values in asked.items()}
    brief = DecompileBrief(anonymous(subject), space, known, given, derive(seed, "contender"))
    known_lengths = {"every": lengths}
    exam = DecompileExam(space, asked, known_lengths)
    sealed = DecompileAnswer(written(rule), answers, right, known_lengths, exhaustive, hard=asked["longer"])
    return brief, exam, sealed


def _every(space: Space, rule: Rule, seed: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """All sequences up to the trained length, or as many of every length up to four times that as can be tried."""
    letters = int(np.prod([entry.values for entry in space.inputs]))
    longest, total = 0, 0
    while longest < rule.length and total + letters ** (longest + 1) <= EVERY:
        longest += 1
        total += letters**longest
    if longest == rule.length:
        found = Space(space.inputs, (1, longest)).everything(EVERY)
    else:
        longest = LONGER * rule.length
        found = space.sample(TRIED, numpy_rng(seed, "every"), (1, longest))
    assert found.lengths is not None
    values = np.stack([found.columns[entry.name] for entry in space.inputs], axis=2)
    blank = np.arange(values.shape[1]) >= found.lengths[:, None]
    values[blank] = rule.low
    return values, found.lengths, longest == rule.length


def anonymous(subject: SequenceSubject) -> SequenceSubject:
    """A copy that does not say where it comes from."""
    return SequenceSubject(
        copy.deepcopy(subject.module), "subject", subject.space, subject.answers, dict(subject.sites)
    )
