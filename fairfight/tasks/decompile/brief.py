"""What a contender of ``decompile`` is given, what it hands in, and what that is tried on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from fairfight.parts.programs import Batch, Space
    from fairfight.subject.sequences import SequenceSubject
    from fairfight.worlds.sequences.rule import Rule


@dataclass(frozen=True)
class DecompileBrief:
    """A network and what it takes.

    The submission is a :class:`fairfight.parts.programs.Program`, or a :class:`Surrogate` that is none.
    """

    subject: SequenceSubject
    """Turns sequences of whole numbers into an answer at each position; its states can be read."""
    space: Space
    """The inputs, by name and bounds; of one channel ``x``, of several ``x``, ``y`` …"""
    values: np.ndarray
    """Inputs drawn evenly, of the length that the network was trained on, int64 [n, length, channels]."""
    answers: np.ndarray
    """What the network answers on them, int64 [n, length]. Whoever wants to know more asks it, within the budget."""
    seed: int
    """Draw whatever is random from it."""

    @property
    def batch(self) -> Batch:
        """The inputs as a program takes them."""
        return batch(self.space, self.values)


class Surrogate(Protocol):
    """What answers as the network does without being a program."""

    size: int
    """How many numbers it is made of."""

    def predict(self, batch: Batch) -> np.ndarray:
        """Answers, whole numbers [n, positions]."""
        ...


@dataclass(frozen=True)
class DecompileExam:
    """Inputs that no brief holds."""

    space: Space
    asked: dict[str, np.ndarray]
    """``held``: of the trained length; ``longer``: of four times that; ``every``: all short sequences, or as many as
    can be tried, padded; int64 [n, length, channels]."""
    lengths: np.ndarray
    """How long each of ``every`` is, int64 [n]."""


@dataclass(frozen=True)
class DecompileAnswer:
    """What only grading and the oracle read."""

    rule: Rule
    """What the network was trained on."""
    answers: dict[str, np.ndarray]
    """What the network answers, by part of the exam."""
    right: dict[str, np.ndarray]
    """What the rule answers."""
    lengths: np.ndarray
    exhaustive: bool
    """Whether ``every`` holds all sequences up to the trained length."""


def batch(space: Space, values: np.ndarray, lengths: np.ndarray | None = None) -> Batch:
    """Inputs [n, length, channels] as programs of a space take them."""
    from fairfight.parts.programs import Batch

    return Batch.of(lengths, **{entry.name: values[:, :, c] for c, entry in enumerate(space.inputs)})


def decided(subject: SequenceSubject, values: np.ndarray) -> np.ndarray:
    """What a network answers, whole numbers [n, length], to inputs [n, length, channels]."""
    import numpy as np
    import torch

    found: np.ndarray = subject.decide(torch.from_numpy(np.ascontiguousarray(values))).numpy()
    return found
