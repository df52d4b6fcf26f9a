"""One's own network: what a contender is given of it, and what its program is tried on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairfight.errors import UserError
from fairfight.parts.programs import Space
from fairfight.parts.states.spelling import space_of
from fairfight.seeds import numpy_rng
from fairfight.subject.sequences import SequenceSubject
from fairfight.tasks.decompile._files import checked
from fairfight.tasks.decompile._trial import answered_by
from fairfight.tasks.decompile.brief import DecompileBrief, decided, present

KNOWN, TRIED, LONGER = 256, 512, 4
"""Inputs that a contender sees, fresh ones that its program is tried on, and how many times as long they are too."""
UNSEEN = 2
"""How many of the lengths that a network takes are left for the trial, where there are enough."""
LEAST = 8
"""Chosen inputs that there must be."""
NEARLY = 0.98
"""Share of one answer from which on inputs drawn at random tell too little."""

Drawn = tuple[np.ndarray, np.ndarray | None]
"""Inputs [n, length, channels], and how long each is where they differ."""


@dataclass(frozen=True)
class Own:
    """A network of one's own, on the table."""

    brief: DecompileBrief
    held: Drawn
    """Fresh inputs as those of the brief."""
    longer: Drawn
    harder: str
    """What the last ones are."""
    note: str
    """What a reader should know of it, or nothing."""

    def agreement(self, submission: object, drawn: Drawn) -> float:
        """Share of answers that are the network's."""
        values, lengths = drawn
        wanted = decided(self.brief.subject, values, lengths)
        given = answered_by(submission, self.brief.space, values, lengths, single=self.brief.single)
        return float((given == wanted)[present(wanted, lengths)].mean())


def own(
    subject: SequenceSubject, lengths: tuple[int, int] | None, seed: int, rows: list[list[list[int]]] | None = None
) -> Own:
    """The network on the table.

    Args:
        subject: The network.
        lengths: Its shortest and longest inputs, where it sees a whole input at once.
        seed: Of whatever is drawn.
        rows: Inputs that somebody chose; by default they are drawn at random.

    Raises:
        UserError: It does not answer whole numbers in the right places, or not the same twice, or not the same alone;
            or there are too few inputs.
    """
    subject.module.eval()
    if rows is not None:
        known, held = _chosen(subject, lengths, rows, seed)
    else:
        seen = _seen(lengths)
        known, held = (_drawn(subject, n, seen, seed, what) for n, what in ((KNOWN, "known"), (TRIED, "tried")))
    answers = _answers(subject, *known, stepwise=lengths is None)
    space = space_of(subject) if lengths is None else Space(space_of(subject).inputs, lengths)
    brief = DecompileBrief(subject, space, known[0], answers, seed, known[1])
    longer, harder = _harder(brief, held, lengths, chosen=rows is not None)
    return Own(brief, held, longer, harder, _note(brief))


def _seen(lengths: tuple[int, int] | None) -> tuple[int, int] | None:
    """Lengths of known inputs: all but the longest, where there are more."""
    if lengths is None or lengths[1] - lengths[0] <= UNSEEN:
        return lengths
    return lengths[0], lengths[1] - UNSEEN


def _drawn(
    subject: SequenceSubject, n: int, lengths: tuple[int, int] | None, seed: int, what: str, times: int = 1
) -> Drawn:
    """Inputs at random, of all these lengths alike."""
    bounds = subject.space
    longest = times * bounds.length if lengths is None else lengths[1]
    rng = numpy_rng(seed, "decompile", what, longest)
    values: np.ndarray = rng.integers(bounds.low, bounds.high + 1, (n, longest, bounds.channels))
    if lengths is None or lengths[0] == lengths[1]:
        return values, None
    return values, rng.integers(lengths[0], lengths[1] + 1, n)


def _chosen(
    subject: SequenceSubject, lengths: tuple[int, int] | None, rows: list[list[list[int]]], seed: int
) -> tuple[Drawn, Drawn]:
    """Half of the chosen inputs to be known, the others to be tried."""
    own = checked(rows, subject, lengths)
    if len(rows) < LEAST:
        raise UserError(f"There are {len(rows)} inputs: give at least {LEAST}, half of which are kept for the trial.")
    one = len(set(own.tolist())) == 1
    if lengths is None and not one:
        raise UserError("The inputs differ in length: give a recurrent network inputs of one length.")
    values = np.full((len(rows), int(own.max()), subject.space.channels), subject.space.low, np.int64)
    for k, row in enumerate(rows):
        values[k, : len(row)] = row
    order = numpy_rng(seed, "chosen").permutation(len(rows))
    half = len(rows) // 2
    parts = order[:half][:KNOWN], order[half:][:TRIED]
    # A network that takes inputs of several lengths is told of each how long it is, though all be equal.
    told = lengths is not None and (not one or lengths[0] != lengths[1])
    known, held = ((values[part], own[part] if told else None) for part in parts)
    return known, held


def _answers(subject: SequenceSubject, values: np.ndarray, lengths: np.ndarray | None, *, stepwise: bool) -> np.ndarray:
    """What it answers, if it is a function of its inputs that answers in the right places."""
    answers = decided(subject, values, lengths)
    if answers.shape != values.shape[:2] and (stepwise or answers.shape != (len(values), 1)):
        where = "at each position, or once if it is said how long its inputs are" if stepwise else "once, or at each"
        raise UserError(
            f"The module answers {list(answers.shape)} to inputs {list(values.shape)}: it must answer {where}."
        )
    again, alone = (decided(subject, values[:n], None if lengths is None else lengths[:n]) for n in (len(values), 1))
    width = alone.shape[1]
    if not (again == answers).all() or not (alone == answers[:1, :width])[present(alone, _of(lengths, 1))].all():
        raise UserError(
            "The module gives another answer to the same input: it is no function of it. Switch off what is random, "
            "and have it begin from the same state each time."
        )
    return answers


def _of(lengths: np.ndarray | None, n: int) -> np.ndarray | None:
    return None if lengths is None else lengths[:n]


def _harder(brief: DecompileBrief, held: Drawn, lengths: tuple[int, int] | None, *, chosen: bool) -> tuple[Drawn, str]:
    """Longer inputs where the network takes any that are, else fresh ones with one place changed."""
    if lengths is None:
        return _drawn(brief.subject, TRIED, None, brief.seed, "tried", LONGER), "at four times the length"
    seen = _seen(lengths)
    assert seen is not None
    if seen != lengths and not chosen:
        unseen = seen[1] + 1, lengths[1]
        return _drawn(brief.subject, TRIED, unseen, brief.seed, "tried"), "on longer inputs than any that it was shown"
    values, own = held
    rng, bounds = numpy_rng(brief.seed, "changed"), brief.subject.space
    changed, rows = values.copy(), np.arange(len(values))
    places = rng.integers(0, np.full(len(values), values.shape[1]) if own is None else own)
    for c in range(bounds.channels):
        step = rng.integers(1, max(2, bounds.high - bounds.low + 1), len(values))
        moved = (changed[rows, places, c] - bounds.low + step) % (bounds.high - bounds.low + 1)
        changed[rows, places, c] = bounds.low + moved
    return (changed, own), "with one place of each input changed"


def _note(brief: DecompileBrief) -> str:
    """Whether nearly all known inputs are answered alike."""
    values, counts = np.unique(brief.said, return_counts=True)
    share = counts.max() / len(brief.said)
    if share < NEARLY:
        return ""
    return (
        f"{100 * share:.1f} % of the answers that it saw are {int(values[counts.argmax()])}, so that they tell little: "
        "give inputs with other answers too (data, --data)"
    )
