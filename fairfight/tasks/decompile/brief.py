"""What a contender of ``decompile`` is given, what it hands in, and what that is tried on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from fairfight.parts.programs import Batch, Program, Space
    from fairfight.subject.sequences import SequenceSubject


@dataclass(frozen=True)
class DecompileBrief:
    """A network and what it takes.

    The submission is a :class:`fairfight.parts.programs.Program`, or a :class:`Surrogate` that is none.
    """

    subject: SequenceSubject
    """Turns sequences of whole numbers into an answer at each position, or into one; what is inside can be read."""
    space: Space
    """The inputs, by name and bounds; of one channel ``x``, of several ``x``, ``y`` …"""
    values: np.ndarray
    """Inputs of the length that the network was trained on, or of those that it takes, int64 [n, length, channels]."""
    answers: np.ndarray
    """What the network answers on them, int64 [n, length]; [n, 1] where it gives one answer to a whole sequence.
    Whoever wants to know more asks it, within the budget."""
    seed: int
    """Draw whatever is random from it."""
    lengths: np.ndarray | None = None
    """How long each input is, int64 [n], where they differ."""

    @property
    def batch(self) -> Batch:
        """The inputs as a program takes them."""
        return batch(self.space, self.values, self.lengths)

    @property
    def stepwise(self) -> bool:
        """Whether the network goes from position to position, through sequences of any length."""
        return self.subject.space.longest is None

    @property
    def single(self) -> bool:
        """Whether it gives one answer to a whole sequence."""
        return not self.space.sequential or bool(self.answers.shape[1] == 1 < self.values.shape[1])

    @property
    def outputs(self) -> np.ndarray:
        """The answers as a program gives them: [n] where there is one to a sequence, else [n, length]."""
        return self.answers[:, 0] if self.single else self.answers

    @property
    def said(self) -> np.ndarray:
        """All answers in one row, none where there is no position."""
        found: np.ndarray = self.answers[present(self.answers, self.lengths)]
        return found


class Surrogate(Protocol):
    """What answers as the network does without being a program."""

    size: int
    """How many numbers it is made of."""

    def predict(self, batch: Batch) -> np.ndarray:
        """Answers, whole numbers [n, positions], or [n] where there is one to a sequence."""
        ...


@dataclass(frozen=True)
class DecompileExam:
    """Inputs that no brief holds."""

    space: Space
    asked: dict[str, np.ndarray]
    """``held``: as those of the brief; ``longer``: four times as long, or as long as can be, or harder; ``every``: all
    short sequences, or as many as can be tried, padded; int64 [n, length, channels]."""
    lengths: dict[str, np.ndarray]
    """How long each input of a part is, int64 [n], where they differ."""
    single: bool = False
    """Whether there is one answer to a sequence."""


@dataclass(frozen=True)
class DecompileAnswer:
    """What only grading and the oracle read."""

    program: Program
    """What the network was made to follow."""
    answers: dict[str, np.ndarray]
    """What the network answers, by part of the exam."""
    right: dict[str, np.ndarray]
    """What the rule answers."""
    lengths: dict[str, np.ndarray]
    exhaustive: bool
    """Whether ``every`` holds all sequences up to the trained length."""
    longer: str = "four times the length"
    """What the second part of the exam is."""
    hard: np.ndarray | None = None
    """The inputs of that part, int64 [n, length, channels], to show one of them."""


def batch(space: Space, values: np.ndarray, lengths: np.ndarray | None = None) -> Batch:
    """Inputs [n, length, channels] as programs of a space take them; of length 1 where none is a sequence."""
    from fairfight.parts.programs import Batch

    if not space.sequential:
        return Batch.of(None, **{entry.name: values[:, 0, c] for c, entry in enumerate(space.inputs)})
    return Batch.of(lengths, **{entry.name: values[:, :, c] for c, entry in enumerate(space.inputs)})


def present(answers: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """Which answers there are, [n, places]: none beyond an input's length."""
    import numpy as np

    if lengths is None or answers.shape[1] == 1:
        return np.ones(answers.shape, bool)
    found: np.ndarray = np.arange(answers.shape[1]) < lengths[:, None]
    return found


def by_length(
    function: Callable[[np.ndarray], np.ndarray], values: np.ndarray, lengths: np.ndarray | None
) -> np.ndarray:
    """What a function of inputs of one length gives for inputs of several, 0 beyond the length of each."""
    import numpy as np

    if lengths is None:
        return function(values)
    parts = {}
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        parts[int(length)] = rows, function(np.ascontiguousarray(values[rows, :length]))
    found = np.zeros((len(values), max(part.shape[1] for _, part in parts.values())), np.int64)
    for rows, part in parts.values():
        found[rows, : part.shape[1]] = part
    wide = values.shape[1] - found.shape[1] if found.shape[1] > 1 else 0
    return np.pad(found, ((0, 0), (0, wide)))


def decided(subject: SequenceSubject, values: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    """What a network answers, whole numbers [n, places], to inputs [n, length, channels], each of its own length."""
    import numpy as np
    import torch

    def ask(some: np.ndarray) -> np.ndarray:
        answers: np.ndarray = subject.decide(torch.from_numpy(np.ascontiguousarray(some))).numpy()
        return answers

    # What comes after a position says nothing about it where the network goes from one to the next.
    return ask(values) if subject.space.longest is None else by_length(ask, values, lengths)
