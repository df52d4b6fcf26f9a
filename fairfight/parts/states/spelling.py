"""Programs from laws and machines: how their inputs are named, and which of several ways to write them is shortest."""

from __future__ import annotations

from itertools import product

import numpy as np

from fairfight.parts.programs import INTS, Batch, Expr, Input, Program, Space, item, scan, state
from fairfight.parts.states.machine import Machine, numberings
from fairfight.parts.states.regression import regress
from fairfight.subject.sequences import SequenceSubject

LONGER = 4
"""How many times as long as those trained on the sequences are that programs are for."""
TABLE = 8
"""States of a machine up to which its moves may be a look-up."""
WINDOWS = 1024
"""Of inputs, up to which a machine is asked whether they are all that it remembers."""


def batch(values: np.ndarray) -> Batch:
    """Inputs [n, length, channels] as a program takes them."""
    return Batch.of(None, **{named(c, values.shape[2]): values[:, :, c] for c in range(values.shape[2])})


def named(channel: int, channels: int) -> str:
    """The name of a channel in programs."""
    return "x" if channels == 1 else "xyzuvw"[channel]


def space_of(subject: SequenceSubject) -> Space:
    """The inputs of a subject, as the language has them."""
    s = subject.space
    return space_between(s.low, s.high, s.channels, s.length)


def space_between(low: int, high: int, channels: int, length: int) -> Space:
    """Sequences of whole numbers, for programs that are to hold beyond the length that was trained on."""
    inputs = tuple(Input(named(c, channels), INTS, low, high) for c in range(channels))
    return Space(inputs, (1, LONGER * length))


def from_machine(subject: SequenceSubject, machine: Machine) -> Program | None:
    """The shortest program over a few ways to write a machine: as a window of inputs, or with its states numbered."""
    n = len(machine)
    space, channels = space_of(subject), machine.letters.shape[1]
    if n == 1:
        inputs = [space[named(c, channels)] for c in range(channels)]
        memoryless = regress(machine.letters, machine.answers[0], inputs)
        if memoryless is not None and memoryless.type is INTS:
            return Program(space, memoryless)
        if memoryless is not None:
            answer = int(machine.answers[0, 0])
            return stepped(subject, [answer], [state(0)], state(0))
        return None
    best = _window(subject, machine)
    for tables in (False, True) if len(machine) <= TABLE else (False,):
        for number in numberings(machine):
            found = _numbered(subject, machine, number, tables)
            if found is not None and (best is None or found.size < best.size):
                best = found
                if not tables:
                    return best
        if best is not None:
            return best
    return best


def _window(subject: SequenceSubject, machine: Machine) -> Program | None:
    """The program of a machine that remembers its last few inputs only, 0 where there were none."""
    letters, channels = machine.letters, machine.letters.shape[1]
    blank = np.flatnonzero((letters == 0).all(1))
    if not len(blank) or machine.moves[0, blank[0]] != 0:
        return None
    k = 2
    while len(letters) ** k <= WINDOWS:
        windows = np.array(list(product(range(len(letters)), repeat=k)))
        ends = np.repeat(np.arange(len(machine))[:, None], len(windows), 1)
        for t in range(k - 1):
            ends = machine.moves[ends, windows[:, t]]
        answers = machine.answers[ends, windows[:, -1]]
        if (answers == answers[0]).all():
            order = letters[windows[:, ::-1]].reshape(len(windows), -1)
            count = k * channels
            out = regress(order, answers[0], [state(i) for i in range(count)], tables=False)
            updates = [item(i) if i < channels else state(i - channels) for i in range(count)]
            return None if out is None else stepped(subject, [0] * count, updates, out)
        k += 1
    return None


def _numbered(subject: SequenceSubject, machine: Machine, number: np.ndarray, tables: bool) -> Program | None:
    """The program of a machine whose states are numbered so; with look-ups, if they are allowed."""
    n, a = machine.moves.shape
    old, letters = np.repeat(number, a), np.tile(machine.letters, (n, 1))
    new, answers = number[machine.moves.reshape(-1)], machine.answers.reshape(-1)
    items = [item(c) for c in range(machine.letters.shape[1])]
    before = np.column_stack([old, letters])
    update = regress(before, new, [state(0), *items], tables=tables)
    if update is None:
        return None
    out = regress(new[:, None], answers, [state(0)], tables=tables)
    if out is None:
        out = regress(np.column_stack([new, letters]), answers, [state(0), *items], tables=False)
    if out is not None:
        return stepped(subject, [int(number[0])], [update], out)
    given = regress(before, answers, [state(0), *items], tables=tables)
    return None if given is None else stepped(subject, [int(number[0]), 0], [update, given], state(1))


def stepped(subject: SequenceSubject, start: list[int], updates: list[Expr], out: Expr) -> Program:
    """A program with states, over all channels of a subject."""
    space = space_of(subject)
    inputs = [space[i.name] for i in space.inputs]
    return Program(space, scan(inputs, start, updates, out))
