"""Several ways to fit inputs and outputs, and the one that does best on inputs that it was not fitted to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from fairfight.errors import UserError
from fairfight.parts.identification.linear import linear_recurrence
from fairfight.parts.identification.trees import recurrent_tree
from fairfight.parts.programs import Batch, Program, reverse
from fairfight.parts.programs.fits.automata import learn_automaton
from fairfight.parts.programs.fits.neighbours import Neighbours, fit_neighbours
from fairfight.parts.programs.fits.nets import Net, fit_net
from fairfight.parts.programs.fits.trees import fit_tree
from fairfight.parts.programs.search.enumeration import Budget
from fairfight.parts.programs.search.machines import synthesise_machine
from fairfight.parts.programs.search.synthesis import synthesise
from fairfight.seeds import numpy_rng
from fairfight.tasks.decompile._asking import like_known
from fairfight.tasks.decompile._reading import usual
from fairfight.tasks.decompile._trial import answered_by
from fairfight.tasks.decompile.brief import DecompileBrief, batch, decided, present

TRIALS, LONGER = 64, 4
"""Sequences by which fits are compared, so many times as long as the known ones."""
KNOWN = 256
"""Inputs that are asked for beside the known ones."""


def portfolio(brief: DecompileBrief, *, programs: int, longest: int, queries: int) -> Any:
    """The fit that agrees most with the network on other sequences; of equals a program, and the first.

    Args:
        brief: The brief.
        programs: Expressions that the search for a machine, or for an expression, may evaluate.
        longest: How far a tree looks back; a linear recurrence twice as far.
        queries: Sequences that L* may ask about.
    """
    values, lengths = _others(brief)
    there = present(values[:, :, 0], lengths)
    wanted = decided(brief.subject, values, lengths)
    best, most = None, -1.0
    for fit in _fits(brief, programs, longest, queries):
        found = fit()
        given = answered_by(found, brief.space, values, lengths, single=brief.single)
        share = float((given == wanted)[:, :1].mean() if brief.single else (given == wanted)[there].mean())
        if share > most:
            best, most = found, share
        if most == 1.0:
            break
    return best


def _others(brief: DecompileBrief) -> tuple[np.ndarray, np.ndarray | None]:
    """Sequences of no known length where there are any, else known ones with a few places changed."""
    rng, (_, length, channels) = numpy_rng(brief.seed, "portfolio"), brief.values.shape
    bounds, longest = brief.subject.space, brief.space.lengths[1]
    if brief.stepwise:
        return rng.integers(bounds.low, bounds.high + 1, (TRIALS, LONGER * length, channels)), None
    if brief.lengths is not None:
        found = rng.integers(bounds.low, bounds.high + 1, (TRIALS, longest, channels))
        return found, rng.integers(1, longest + 1, TRIALS)
    return like_known(brief, TRIALS, "portfolio")


class Examples(NamedTuple):
    """What is fitted to: inputs [n, length, channels], how long each is, and what is answered, as programs do."""

    values: np.ndarray
    lengths: np.ndarray | None
    outputs: np.ndarray
    batch: Batch


def examples(brief: DecompileBrief) -> Examples:
    """The known inputs; of a transformer as many others too, of all lengths that it takes."""
    if brief.stepwise:
        return Examples(brief.values, None, brief.outputs, brief.batch)
    values, lengths = like_known(brief, KNOWN, "examples")
    known, own = brief.values, brief.lengths
    if own is not None:
        rng, longest = numpy_rng(brief.seed, "asked for"), brief.space.lengths[1]
        bounds = brief.subject.space
        values = rng.integers(bounds.low, bounds.high + 1, (KNOWN, longest, values.shape[2]))
        lengths = rng.integers(1, longest + 1, KNOWN)
        known = np.pad(known, ((0, 0), (0, longest - known.shape[1]), (0, 0)))
        own = np.concatenate([own, lengths])
    asked = decided(brief.subject, values, lengths)
    told = np.zeros((len(known), asked.shape[1]), np.int64)
    told[:, : brief.answers.shape[1]] = brief.answers
    values, answers = np.concatenate([known, values]), np.concatenate([told, asked])
    order = numpy_rng(brief.seed, "order").permutation(len(values))
    values, answers, own = values[order], answers[order], None if own is None else own[order]
    return Examples(values, own, answers[:, 0] if brief.single else answers, batch(brief.space, values, own))


def machine(brief: DecompileBrief, programs: int) -> Program:
    """The state machine that a search comes to, of so many expressions; none where it could not be one.

    Through what sees a whole sequence at once a machine may also go from the end to the beginning.
    """
    given, best = examples(brief), usual(brief)
    if not brief.space.sequential:
        return best
    share = -1.0
    for backwards in (False,) if brief.stepwise or brief.single else (False, True):
        if not follows(brief, backwards=backwards):
            continue
        inputs = [brief.space[entry.name] for entry in brief.space.inputs]
        found = synthesise_machine(
            brief.space,
            given.batch,
            turned(given.outputs, given.lengths) if backwards else given.outputs,
            items=[reverse(x) for x in inputs] if backwards else (),
            constants=numbers(brief),
            budget=Budget(programs),
        )
        if min(found.agreement, found.held_out) > share:
            share = min(found.agreement, found.held_out)
            body = found.program.body
            best = Program(brief.space, reverse(body) if backwards and body.type.rank else body)
        if found.exact:
            break
    return best


def turned(outputs: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """Sequences from their ends to their beginnings."""
    width = outputs.shape[1]
    own = np.full(len(outputs), width) if lengths is None else lengths
    places = own[:, None] - 1 - np.arange(width)
    return np.where(places >= 0, np.take_along_axis(outputs, places.clip(min=0), axis=1), 0)


def numbers(brief: DecompileBrief) -> tuple[int, ...]:
    """Constants to begin from: small ones, and for a transformer how many inputs and answers there can be."""
    bounds = () if brief.stepwise else (brief.subject.space.high + 1, int(brief.answers.max()) + 1)
    return tuple(dict.fromkeys((0, 1, 2, 3, *bounds)))


def follows(brief: DecompileBrief, *, backwards: bool = False) -> bool:
    """Whether no answer changes with what comes after, or before, as far as asking tells."""
    if brief.stepwise or brief.lengths is None:
        return not (brief.stepwise and backwards)
    some = np.flatnonzero(brief.lengths > 1)[:TRIALS]
    lengths, first = brief.lengths[some] - 1, int(backwards)
    shorter = decided(brief.subject, np.roll(brief.values[some], -first, axis=1), lengths)
    answers = np.roll(brief.answers[some], -first, axis=1)
    return bool((shorter == answers)[present(shorter, lengths)].all())


def expression(brief: DecompileBrief, programs: int) -> Program:
    """The expression that an enumeration comes to, of so many."""
    given = examples(brief)
    return synthesise(
        brief.space, given.batch, given.outputs, constants=numbers(brief), budget=Budget(programs)
    ).program


def neighbours(brief: DecompileBrief, k: int) -> Neighbours:
    """The nearest examples, of which so many vote."""
    given = examples(brief)
    return fit_neighbours(brief.space, given.batch, given.outputs, k=k)


def distilled(brief: DecompileBrief, units: int, rate: float) -> Net:
    """A small net that was taught the examples."""
    given, seed = examples(brief), brief.seed % 2**31
    return fit_net(brief.space, given.batch, given.outputs, units=units, rate=rate, seed=seed)


def automaton(brief: DecompileBrief, queries: int) -> Program:
    """What L* learns by asking, as a program; the most usual answer where no automaton can equal the network."""
    if brief.stepwise:
        lengths = (1, 2 * brief.values.shape[1])
    elif brief.lengths is None:
        return usual(brief)  # nothing but sequences of one length can be asked about
    else:
        lengths = brief.space.lengths
    longest = {} if brief.stepwise else {"longest": lengths[1]}
    try:
        learnt = learn_automaton(
            asking(brief), brief.space, queries=queries, lengths=lengths, seed=brief.seed, **longest
        )
    except UserError:  # what follows a position changes its answer
        return usual(brief)
    return learnt.program


def tree(brief: DecompileBrief, longest: int) -> Any:
    """A tree on its own last answers where the network goes step by step, else on what describes each position."""
    if brief.stepwise:
        return recurrent_tree(brief.values, brief.answers, seed=brief.seed, longest=longest)
    given = examples(brief)
    return fit_tree(brief.space, given.batch, given.outputs, seed=brief.seed % 2**31).program


def _fits(brief: DecompileBrief, programs: int, longest: int, queries: int) -> Iterator[Callable[[], Any]]:
    if brief.stepwise:
        yield lambda: linear_recurrence(brief.space, brief.values, brief.answers, longest=2 * longest)[0]
    else:
        yield lambda: expression(brief, programs)
    yield lambda: machine(brief, programs)
    yield lambda: automaton(brief, queries)
    yield lambda: tree(brief, longest)


def asking(brief: DecompileBrief) -> Callable[[Batch], np.ndarray]:
    """What answers queries: the network."""

    def ask(given: Batch) -> np.ndarray:
        values = np.stack([given.columns[entry.name] for entry in brief.space.inputs], axis=2)
        assert given.mask is not None
        values[~given.mask] = brief.subject.space.low
        return decided(brief.subject, values, given.lengths)

    return ask
