"""The program of one's own network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairfight.errors import UserError
from fairfight.tasks.asking import contender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from fairfight.subject.sequences import SequenceSubject


@dataclass(frozen=True)
class Decompiled:
    """What was handed in for a network, and how often it answers as the network does on inputs it never saw."""

    submission: Any
    """A program (``print`` it), or something that only predicts."""
    agreement: float
    """Share of answers to fresh inputs like the known ones."""
    longer: float
    """The same on longer or harder ones."""
    harder: str = "at four times the length"
    """What those are."""
    note: str = ""
    """What a reader should know of the inputs, or nothing."""

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
        share = f"{100 * self.agreement:.2f} % of answers, {100 * self.longer:.2f} % {self.harder}"
        note = f"\n# {self.note}" if self.note else ""
        return f"{text}\n# as the network: {share}{note}"


def decompile(
    module: nn.Module,
    low: int,
    high: int,
    *,
    state: str | None = None,
    channels: int = 1,
    length: int = 10,
    lengths: tuple[int, int] | None = None,
    answers: tuple[int, int] | None = None,
    data: Sequence[Sequence[Any]] | None = None,
    by: str = "read-or-search",
    seed: int = 0,
    **params: Any,
) -> Decompiled:
    """Replace a network over sequences of whole numbers by a program, with any contender of ``decompile``.

    Args:
        module: Takes whole numbers [n, length, channels] and gives [n, length, outputs]; or [n, 1, outputs], where
            ``lengths`` are given and it answers once to a whole input. Left as it is.
        low: The least that an input can be.
        high: The greatest.
        state: Dotted path of the submodule that gives the hidden states [n, length, d]; needed for a network that goes
            from position to position.
        channels: How many sequences come in together.
        length: Of the sequences that a network was made for that goes from position to position.
        lengths: Shortest and longest input of one that sees a whole input at once, such as a transformer.
        answers: Least and greatest answer where the outputs are logits of each; otherwise the one output is rounded.
        data: Inputs to show and to try, where those drawn at random are of little interest; half of them each.
        by: A contender's name.
        seed: Of whatever is drawn.
        params: Hyperparameters of the contender, in place of its defaults.

    Raises:
        UserError: The module is no function of these inputs or has no such submodule, or there is no such contender.
    """
    from fairfight.subject.sequences import SequenceSubject, Space
    from fairfight.subject.transformer import PlainTransformer, sites

    if low > high:
        raise UserError(f"Inputs between {low} and {high} cannot be: give the least first.")
    if state is not None and state not in dict(module.named_modules()):
        raise UserError(f"The module has no submodule {state!r}: name the one that gives the hidden states.")
    if state is None and lengths is None:
        raise UserError(
            "Say which submodule gives the hidden states (state=), or how long inputs can be of a network that sees a "
            "whole one at once (lengths=)."
        )
    named = {} if state is None else {"state": state}
    if isinstance(module, PlainTransformer):
        named = sites(len(module.blocks))
    longest = length if lengths is None else lengths[1]
    space = Space(low, high, channels, longest, None if lengths is None else longest)
    subject = SequenceSubject(module, "subject", space, answers, named)
    rows = None if data is None else [[[*s] if hasattr(s, "__len__") else [s] for s in row] for row in data]
    return _by(subject, lengths, rows, by, seed, params)


def decompile_file(
    path: Path,
    inputs: str | None = None,
    *,
    answers: str | None = None,
    length: str | None = None,
    update: str = "tanh",
    frame: str = "x",
    reads: str = "last",
    causal: bool | None = None,
    folded: bool = False,
    data: Path | None = None,
    by: str = "read-or-search",
    seed: int = 0,
) -> Decompiled:
    """The same for a network in a file or folder.

    It may be a recurrent network (:func:`fairfight.subject.recurrent_files.load_recurrent`), a transformer in the names
    of TransformerLens, a folder in transformers' format, or one that
    :func:`fairfight.subject.sequence_files.save_sequences` wrote.

    Args:
        path: The file or folder.
        inputs: What inputs can be, such as ``-5..5``.
        answers: What answers can be, likewise, where the outputs are logits of each.
        length: Of the inputs that it was made for: ``20``, or ``1..8``.
        update: Of a recurrent network: ``tanh``, ``relu`` or ``linear``.
        frame: Which tokens stand around the inputs of a transformer, such as ``31,x,32``.
        reads: Where its answers are read: ``first``, ``last`` or ``each``.
        causal: Whether the positions of a transformer in TransformerLens' names see only those before them.
        folded: Whether it normalises its layers by weights that were folded into others.
        data: A file of inputs to show and to try, a JSON list in each line, where those drawn at random are of little
            interest; half of them each.
        by: A contender's name.
        seed: Of whatever is drawn.

    Raises:
        UserError: The file, what is said of it, or the contender cannot be used; says why.
    """
    from fairfight.tasks.decompile._files import Said, chosen, subject_in

    contender("decompile", by, {})
    rows = None if data is None else chosen(data)
    subject, lengths = subject_in(path, Said(inputs, answers, length, update, frame, reads, causal, folded))
    return _by(subject, lengths, rows, by, seed, {})


def _by(
    subject: SequenceSubject,
    lengths: tuple[int, int] | None,
    rows: list[list[list[int]]] | None,
    by: str,
    seed: int,
    params: dict[str, Any],
) -> Decompiled:
    from fairfight.tasks.decompile._own import own

    who = contender("decompile", by, params)
    modality = "sequences" if lengths is None else "transformers"
    if modality not in who.modalities:
        raise UserError(f"{by!r} is for {', '.join(who.modalities)}: choose a contender for {modality}.")
    found = own(subject, lengths, seed, rows)
    submission = who.run(found.brief, **{**who.defaults, **params})
    held, longer = (found.agreement(submission, drawn) for drawn in (found.held, found.longer))
    return Decompiled(submission, held, longer, found.harder, found.note)
