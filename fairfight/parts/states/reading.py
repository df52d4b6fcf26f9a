"""The whole way from a trained recurrent network to a program, as MIPS goes it (Michaud et al. 2024).

Whole codes of the states are looked for, first on a lattice, then on few points. A code counts only where it is a state
of its own: what comes next follows from it and the input, what is answered too, and both hold on inputs that it was not
found on. From its laws a program is written, which must answer as the network does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np

from fairfight.parts.programs import Expr, Program, item, state
from fairfight.parts.states.lattice import Lattice, generated, polished
from fairfight.parts.states.laws import Law, affine, centred, law, plainest
from fairfight.parts.states.machine import machines
from fairfight.parts.states.regression import combination, regress
from fairfight.parts.states.runs import Runs, run, varied
from fairfight.parts.states.spelling import LONGER, batch, from_machine, stepped
from fairfight.seeds import numpy_rng
from fairfight.subject.sequences import SequenceSubject

Kind = Literal["lattice", "points"]

EXAMPLES, HELD = 192, 512
TOLERANCES = (0.3, 0.1, 0.03, 0.01)
"""What counts as nothing, as a share of the usual difference that one input makes."""
WHOLE = 0.2
"""How far coordinates may lie from whole numbers (:meth:`Lattice.error`)."""
ENOUGH = 0.998
"""Share of the network's answers that a program has to give on held-out inputs."""
STATES = 16
"""Of a machine that is taken for an explanation."""


@dataclass(frozen=True)
class Reading:
    """A program that was read out of a network, or why there is none."""

    program: Program | None
    why: str
    """On what the program rests; or what was not found."""
    kind: Kind | None = None
    size: int = 0
    """Dimensions of a lattice code, or states of a machine."""
    agreement: float = 0.0
    """Share of the network's answers that the program gives, on fresh inputs of the trained length."""
    longer: float = 0.0
    """The same at four times that length."""


def read(subject: SequenceSubject, seed: int = 0) -> Reading:
    """Read the program that a recurrent network computes.

    Args:
        subject: A recurrent network with the site ``state``.
        seed: Draws the inputs.
    """
    space = subject.space
    rng = numpy_rng(seed, "reading")

    def drawn(n: int, length: int) -> np.ndarray:
        return rng.integers(space.low, space.high + 1, (n, length, space.channels))

    runs = run(subject, drawn(EXAMPLES, space.length))
    held, long = run(subject, drawn(HELD, space.length)), run(subject, drawn(HELD, LONGER * space.length))
    why = "the states lie neither on a lattice nor on few points"
    best: Reading | None = None
    for kind, size, program in chain(_lattices(subject, runs, held), _points(subject, runs, held)):
        found = Reading(program, _says(kind, size), kind, size, _share(program, held), _share(program, long))
        # A network without memory, or one that is understood by a look-up only, has no excuse at greater lengths.
        sustained = size == 1 or any(e.op == "lookup" for e in program.body.walk())
        enough = min(found.agreement, found.longer) if kind == "points" and sustained else found.agreement
        if enough >= ENOUGH and (best is None or found.longer > best.longer + 0.02):
            best = found
        elif best is None:
            why = f"{found.why}, but the program from them gives only {found.agreement:.3f} of the answers"
        if best is not None and best.longer >= ENOUGH:
            break
    return best or Reading(None, why)


def _says(kind: Kind, size: int) -> str:
    return f"a lattice of {size} dimensions" if kind == "lattice" else f"a machine of {size} states"


def _share(program: Program, runs: Runs) -> float:
    return float((program(batch(runs.values)) == runs.answers).mean())


def _lattices(subject: SequenceSubject, runs: Runs, held: Runs) -> Iterator[tuple[Kind, int, Program]]:
    """Programs from lattice codes, for every tolerance at which there is a law."""
    flat = runs.states.reshape(-1, runs.states.shape[2])
    mean = flat.mean(0)
    _, scales, axes = np.linalg.svd(flat - mean, full_matrices=False)
    kept = scales > 1e-4 * max(float(scales[0]), 1e-9)
    if not kept.any() or not np.isfinite(flat).all():
        return
    white = (axes[kept] / scales[kept, None] * np.sqrt(len(flat))).T
    steps = _steps(subject, runs) @ white
    usual = float(np.median(np.linalg.norm(steps, axis=1)))
    tried: set[int] = set()
    for share in TOLERANCES:
        basis = generated(steps, share * usual)
        if basis is None:
            continue
        lattice = polished(Lattice(runs.states[0, -1] @ white, basis), flat @ white)
        if max(lattice.error(r.states @ white) for r in (runs, held)) > WHOLE or len(basis) in tried:
            continue
        tried.add(len(basis))
        codes = [lattice.encode(r.states @ white) for r in (runs, held)]
        program = _from_codes(subject, runs, held, codes[0], codes[1])
        if program is not None:
            yield "lattice", len(basis), program


def _steps(subject: SequenceSubject, runs: Runs) -> np.ndarray:
    """What one changed input makes of the states, and what one position does."""
    some = runs.values[:12]
    base = runs.states[:12]
    found = [(base[:, 1:] - base[:, :-1]).reshape(-1, base.shape[2])]
    for other in varied(some, subject.space.low, subject.space.high):
        found.append((run(subject, other).states - base).reshape(-1, base.shape[2]))
    steps = np.concatenate(found)
    moving: np.ndarray = steps[np.linalg.norm(steps, axis=1) > 1e-6]
    return moving


def _from_codes(
    subject: SequenceSubject, runs: Runs, held: Runs, codes: np.ndarray, fresh: np.ndarray
) -> Program | None:
    """The program of a lattice code that has a law on all runs, on those it was not found on too."""
    values, every = np.concatenate([runs.values, held.values]), np.concatenate([codes, fresh])
    answers = np.concatenate([runs.answers, held.answers])
    shown = _one_hot(values, subject.space.low, subject.space.high)
    found, plain = law(every, values), True
    if found is None:
        found, plain = law(every, shown), False
    if found is None:
        return None
    found, start = centred(found)
    every = every - start
    linear = affine(every.reshape(-1, every.shape[2]), answers.reshape(-1, 1))
    better, T = plainest(found, None if linear is None else linear[0])
    z = every @ T.T
    out = _answer(z, values, answers)
    updates = _updates(better, values.shape[2], plain, subject)
    if out is None or updates is None:
        return None
    return stepped(subject, [int(s) for s in better.start], updates, out)


def _answer(z: np.ndarray, values: np.ndarray, answers: np.ndarray) -> Expr | None:
    """The answer as a formula of the code, or of the code and the input."""
    k, channels = z.shape[2], values.shape[2]
    states, items = [state(i) for i in range(k)], [item(c) for c in range(channels)]
    columns = z.reshape(-1, k)
    for more in (False, True):
        if more:
            columns = np.hstack([columns, values.reshape(-1, channels)])
        found = regress(columns, answers.reshape(-1), [*states, *items] if more else states)
        if found is not None:
            return found
    return None


def _updates(found: Law, channels: int, plain: bool, subject: SequenceSubject) -> list[Expr] | None:
    states, items = [state(i) for i in range(len(found.M))], [item(c) for c in range(channels)]
    if plain:
        weights = np.hstack([found.M, found.N])
        return [combination(w, int(c), [*states, *items]) for w, c in zip(weights, found.c, strict=True)]
    space = subject.space
    letters = np.arange(space.low, space.high + 1)
    updates = []
    for i in range(len(found.M)):
        pushed: Expr | int = 0
        for c in range(channels):
            part = regress(letters[:, None], found.N[i, c * len(letters) : (c + 1) * len(letters)], [items[c]])
            if part is None:
                return None
            pushed = part if c == 0 else pushed + part
        updates.append(combination(found.M[i], int(found.c[i]), states) + pushed)
    return updates


def _one_hot(values: np.ndarray, low: int, high: int) -> np.ndarray:
    shown: np.ndarray = values[..., None] == np.arange(low, high + 1)
    flat: np.ndarray = shown.reshape(*values.shape[:2], -1).astype(np.int64)
    return flat


def _points(subject: SequenceSubject, runs: Runs, held: Runs) -> Iterator[tuple[Kind, int, Program]]:
    """Programs from the machines whose answers are the network's."""
    spread = float(np.sqrt(runs.states.reshape(-1, runs.states.shape[2]).var(0).sum()))
    known: set[int] = set()
    for machine in machines(subject, spread):
        right = float((machine.run(held.values) == held.answers).mean())
        if len(machine) > STATES or right < ENOUGH or len(machine) in known:
            continue
        known.add(len(machine))
        program = from_machine(subject, machine)
        if program is not None:
            yield "points", len(machine), program
