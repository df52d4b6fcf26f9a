"""The program of one's own network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairfight.errors import UserError
from fairfight.tasks.asking import contender

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from fairfight.subject.sequences import SequenceSubject
    from fairfight.tasks.decompile.brief import DecompileBrief

KNOWN, TRIED, LONGER = 256, 512, 4
"""Inputs that a contender sees, fresh ones that its program is tried on, and how many times as long they are too."""


@dataclass(frozen=True)
class Decompiled:
    """What was handed in for a network, and how often it answers as the network does on inputs it never saw."""

    submission: Any
    """A program (``print`` it), or something that only predicts."""
    agreement: float
    """Share of positions of fresh inputs of the given length."""
    longer: float
    """The same at four times that length."""

    @property
    def found(self) -> bool:
        """Whether it is a program that never differed."""
        from fairfight.parts.programs import Program

        return isinstance(self.submission, Program) and self.agreement == self.longer == 1.0

    @property
    def text(self) -> str | None:
        """The program as Python; None of what only predicts."""
        return self.submission.python() if hasattr(self.submission, "python") else None

    def __str__(self) -> str:
        text = self.text or "# nothing that can be read\n"
        share = f"{100 * self.agreement:.2f} % of answers, {100 * self.longer:.2f} % at four times the length"
        return f"{text}\n# as the network: {share}"


def decompile(
    module: nn.Module,
    low: int,
    high: int,
    *,
    state: str,
    channels: int = 1,
    length: int = 10,
    answers: tuple[int, int] | None = None,
    by: str = "read-or-search",
    seed: int = 0,
    **params: Any,
) -> Decompiled:
    """Replace a network over sequences of whole numbers by a program, with any contender of ``decompile``.

    Args:
        module: Takes whole numbers [n, length, channels] and gives [n, length, outputs]; left as it is.
        low: The least that an input can be.
        high: The greatest.
        state: Dotted path of the submodule that gives the hidden states [n, length, d].
        channels: How many sequences come in together.
        length: Of the sequences that it was made for.
        answers: Least and greatest answer where the outputs are logits of each; otherwise the one output is rounded.
        by: A contender's name.
        seed: Of whatever is drawn.
        params: Hyperparameters of the contender, in place of its defaults.

    Raises:
        UserError: The module is no function of these inputs or has no such submodule, or there is no such contender.
    """
    from fairfight.subject.sequences import SequenceSubject, Space
    from fairfight.tasks.decompile._trial import answered_by
    from fairfight.tasks.decompile.brief import decided

    who = contender("decompile", by, params)
    if low > high:
        raise UserError(f"Inputs between {low} and {high} cannot be: give the least first.")
    if state not in dict(module.named_modules()):
        raise UserError(f"The module has no submodule {state!r}: name the one that gives the hidden states.")
    subject = SequenceSubject(module, "subject", Space(low, high, channels, length), answers, {"state": state})
    brief = specify(subject, seed)
    submission = who.run(brief, **{**who.defaults, **params})
    shares = []
    for times in (1, LONGER):
        values = _drawn(subject, TRIED, times * length, seed, "tried")
        given = answered_by(submission, brief.space, values)
        shares.append(float((given == decided(subject, values)).mean()))
    return Decompiled(submission, *shares)


def decompile_file(
    path: Path,
    inputs: str,
    *,
    answers: str | None = None,
    length: int = 10,
    update: str = "tanh",
    by: str = "read-or-search",
    seed: int = 0,
) -> Decompiled:
    """The same for a recurrent network in a file; see :func:`fairfight.subject.recurrent_files.load_recurrent`.

    Args:
        path: A safetensors file, or a folder that holds one.
        inputs: What inputs can be, such as ``-5..5``.
        answers: What answers can be, likewise, where the outputs are logits of each.
        length: Of the sequences that it was made for.
        update: ``tanh``, ``relu`` or ``linear``.
        by: A contender's name.
        seed: Of whatever is drawn.

    Raises:
        UserError: The file, the bounds or the contender cannot be used; says why.
    """
    from fairfight.subject.recurrent_files import load_recurrent

    low, high = _bounds(inputs)
    module = load_recurrent(path, low, high, update=update)
    channels = int(module.architecture["channels"])
    given = None if answers is None else _bounds(answers)
    outputs = int(module.architecture["outputs"])
    if outputs != (1 if given is None else given[1] - given[0] + 1):
        raise UserError(
            f"The network has {outputs} outputs: give answers of as many values (--answers 0..{outputs - 1}), or none "
            "where its one output is rounded to the answer."
        )
    return decompile(
        module, low, high, state="state", channels=channels, length=length, answers=given, by=by, seed=seed
    )


def _bounds(text: str) -> tuple[int, int]:
    """Two whole numbers from ``-5..5``."""
    parts = re.fullmatch(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*", text)
    if parts is None:
        raise UserError(f"{text!r} does not say between which numbers: write it as 0..6 or -5..5.")
    return int(parts[1]), int(parts[2])


def specify(subject: SequenceSubject, seed: int) -> DecompileBrief:
    """The brief of one's own network.

    Raises:
        UserError: It does not answer whole numbers at every position, or not the same twice, or not the same alone.
    """
    from fairfight.parts.states.spelling import space_of
    from fairfight.tasks.decompile.brief import DecompileBrief, decided

    subject.module.eval()
    values = _drawn(subject, KNOWN, subject.space.length, seed, "known")
    answers = decided(subject, values)
    if answers.shape != values.shape[:2]:
        raise UserError(
            f"The module answers {list(answers.shape)} to inputs {list(values.shape)}: it must answer at each position."
        )
    alone = decided(subject, values[:1])
    if not (decided(subject, values) == answers).all() or not (alone == answers[:1]).all():
        raise UserError(
            "The module gives another answer to the same input: it is no function of it. Switch off what is random, "
            "and have it begin from the same state each time."
        )
    return DecompileBrief(subject, space_of(subject), values, answers, seed)


def _drawn(subject: SequenceSubject, n: int, length: int, seed: int, what: str) -> np.ndarray:
    from fairfight.seeds import numpy_rng

    bounds = subject.space
    found: np.ndarray = numpy_rng(seed, "decompile", what, length).integers(
        bounds.low, bounds.high + 1, (n, length, bounds.channels)
    )
    return found
