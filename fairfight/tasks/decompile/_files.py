"""What lies in a file or folder as a subject over sequences of whole numbers, and inputs that somebody chose."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fairfight.errors import UserError
from fairfight.subject.lens_files import MARK, from_lens, read_tensors
from fairfight.subject.recurrent_files import PARTS, load_recurrent
from fairfight.subject.saving import DESCRIPTION
from fairfight.subject.sequence_files import load_sequences
from fairfight.subject.sequences import SequenceSubject, Space
from fairfight.subject.transformer import sites

READS = {"first": (0, 1), "last": (-1, None)}
"""Which outputs a transformer answers with; ``each``: those at its inputs."""
LONG = 10
"""Of sequences for a recurrent network, where nothing is said."""


@dataclass(frozen=True)
class Said:
    """What a user says about a network, since its file does not."""

    inputs: str | None = None
    """What inputs can be, such as ``-5..5``."""
    answers: str | None = None
    """What answers can be, likewise."""
    length: str | None = None
    """How long inputs are: ``20``, or ``1..8``."""
    update: str = "tanh"
    """What a recurrent network does to its state."""
    frame: str = "x"
    """Which tokens stand around the inputs, such as ``31,x,32``."""
    reads: str = "last"
    """Where a transformer's answers are read: ``first``, ``last`` or ``each``."""
    causal: bool | None = None
    """Whether positions see only those before them."""
    folded: bool = False
    """Whether a transformer normalises its layers by weights that were folded into others."""


def subject_in(path: Path, said: Said) -> tuple[SequenceSubject, tuple[int, int] | None]:
    """The network, and its shortest and longest inputs where it sees a whole input at once.

    Raises:
        UserError: Says what the file is, or what must be said about it.
    """
    if said.reads not in (*READS, "each"):
        raise UserError(f"{said.reads!r} is no place to read answers at: say first, last or each.")
    if path.is_dir() and (path / DESCRIPTION).is_file() and not (path / "config.json").is_file():
        return _ours(path, said)
    if path.is_dir() and (path / "config.json").is_file():
        return _theirs(path, said)
    file = path
    if path.is_dir():
        files = sorted([*path.glob("*.safetensors"), *path.glob("*.pt"), *path.glob("*.pth")])
        if not files:
            raise UserError(f"{path} has no config.json, {DESCRIPTION} or safetensors file: save the network there.")
        file = files[0]
    tensors = read_tensors(file)
    if MARK in tensors:
        return _lens(file, said)
    if not any(name.rsplit(".", 1)[-1] == PARTS[1] for name in tensors):
        some = ", ".join(sorted(tensors)[:3]) or "no tensor at all"
        raise UserError(
            f"{path} holds neither one layer of torch.nn.RNN ({PARTS[1]!r}) nor a transformer of TransformerLens "
            f"({MARK!r}), but {some}: give a model folder, or the module itself to fairfight.decompile in Python."
        )
    return _recurrent(path, said), None


def between(text: str) -> tuple[int, int]:
    """Two whole numbers from ``-5..5``.

    Raises:
        UserError: They are not written so, or the greater comes first.
    """
    parts = re.fullmatch(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*", text)
    if parts is None:
        raise UserError(f"{text!r} does not say between which numbers: write it as 0..6 or -5..5.")
    low, high = int(parts[1]), int(parts[2])
    if low > high:
        raise UserError(f"Inputs between {low} and {high} cannot be: give the least first.")
    return low, high


def chosen(path: Path) -> list[list[list[int]]]:
    """Inputs from a file of JSON lines: a list of numbers each, or of lists where several come in together.

    Raises:
        UserError: Names the line that is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as text: give inputs as JSON lines, [3, 1, 2] each.") from error
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        steps = [s if isinstance(s, list) else [s] for s in row] if isinstance(row, list) else []
        if not steps or not all(type(v) is int for step in steps for v in step):
            raise UserError(f"Line {number} of {path} is no list of whole numbers such as [3, 1, 2].")
        rows.append(steps)
    if not rows:
        raise UserError(f"{path} has no inputs: give some as JSON lines, [3, 1, 2] each.")
    return rows


def _needed(said: Said, path: Path) -> tuple[int, int]:
    if said.inputs is None:
        raise UserError(f"{path} does not say what its inputs can be: say so (--inputs 0..6).")
    return between(said.inputs)


def _lengths(said: Said, longest: int | None, path: Path) -> tuple[int, int]:
    """Shortest and longest; the longest that there is room for, where nothing is said."""
    if said.length is None:
        if longest is None:
            raise UserError(f"{path} does not say how long its inputs are: say so (--length 20, or 1..20).")
        return longest, longest
    found = between(said.length if ".." in said.length else f"{said.length}..{said.length}")
    if found[0] < 1 or (longest is not None and found[1] > longest):
        raise UserError(f"{path} takes inputs of 1 to {longest or 'more'} numbers, not {said.length}.")
    return found


def _ours(path: Path, said: Said) -> tuple[SequenceSubject, tuple[int, int] | None]:
    subject = load_sequences(path)
    if said.inputs is not None:
        low, high = between(said.inputs)
        space = subject.space
        if low < space.low or high > space.high:
            raise UserError(f"{path} takes inputs from {space.low} to {space.high}, not {said.inputs}.")
        subject = replace(subject, space=replace(space, low=low, high=high))
    longest = subject.space.longest
    if longest is None:
        return subject, None
    shortest = int(subject.notes["shortest"])
    return subject, (shortest, longest) if said.length is None else _lengths(said, longest, path)


def _theirs(path: Path, said: Said) -> tuple[SequenceSubject, tuple[int, int]]:
    from fairfight.subject.loading import load
    from fairfight.subject.token_sequences import over_tokens

    low, high = _needed(said, path)
    lengths = _lengths(said, None, path)
    before, after = _frame(said)
    subject = load(path)
    return over_tokens(subject, low, high, lengths, before=before, after=after, each=said.reads == "each"), lengths


def _lens(path: Path, said: Said) -> tuple[SequenceSubject, tuple[int, int]]:
    tensors = read_tensors(path)
    low, high = _needed(said, path)
    if said.causal is None:  # the mask in such a file is triangular for either
        raise UserError(f"{path} does not say whether positions see those after them: say --causal or --both-ways.")
    before, after = _frame(said)
    reads = READS.get(said.reads)
    net = from_lens(
        tensors, normalised=said.folded, causal=said.causal, before=before, after=after, reads=reads or (0, None)
    )
    words = len(net.embed)
    wrong = [t for t in (low, high, *before, *after) if not 0 <= t < words]
    if wrong:
        raise UserError(f"{path} has no token {wrong[0]}: its tokens are 0 to {words - 1}.")
    lengths = _lengths(said, len(net.place) - len(before) - len(after), path)
    if reads is None:
        net.reads = (len(before), -len(after) or None)
    outputs = net.unembed.out_features
    answers = (0, outputs - 1) if said.answers is None else between(said.answers)
    if answers[1] - answers[0] + 1 != outputs:
        raise UserError(f"{path} has {outputs} outputs: give answers of as many values, such as 0..{outputs - 1}.")
    space = Space(low, high, 1, lengths[1], lengths[1])
    return SequenceSubject(net, path.stem, space, answers, sites(len(net.blocks))), lengths


def _frame(said: Said) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Tokens before the inputs and after them."""
    parts = [p.strip() for p in said.frame.split(",")]
    if parts.count("x") != 1 or not all(p == "x" or p.isdecimal() for p in parts):
        raise UserError(f"{said.frame!r} does not say what stands around the inputs: write it as 31,x,32.")
    at = parts.index("x")
    return tuple(int(p) for p in parts[:at]), tuple(int(p) for p in parts[at + 1 :])


def _recurrent(path: Path, said: Said) -> SequenceSubject:
    low, high = _needed(said, path)
    module = load_recurrent(path, low, high, update=said.update)
    outputs, channels = int(module.architecture["outputs"]), int(module.architecture["channels"])
    answers = None if said.answers is None else between(said.answers)
    if outputs != (1 if answers is None else answers[1] - answers[0] + 1):
        raise UserError(
            f"The network has {outputs} outputs: give answers of as many values (--answers 0..{outputs - 1}), or none "
            "where its one output is rounded to the answer."
        )
    length = LONG
    if said.length is not None:
        length = _lengths(said, None, path)[1]
    return SequenceSubject(module, path.stem, Space(low, high, channels, length), answers, {"state": "state"})


def checked(rows: list[list[list[int]]], subject: SequenceSubject, lengths: tuple[int, int] | None) -> np.ndarray:
    """How long each chosen input is, int64 [n], if the network takes all of them.

    Raises:
        UserError: Names the first one that it does not take.
    """
    space = subject.space
    for number, row in enumerate(rows, 1):
        if any(len(step) != space.channels for step in row):
            raise UserError(f"Input {number} has not {space.channels} numbers at each position.")
        if not all(space.low <= v <= space.high for step in row for v in step):
            raise UserError(f"Input {number} has numbers that are not between {space.low} and {space.high}.")
        if lengths is not None and not lengths[0] <= len(row) <= lengths[1]:
            raise UserError(f"Input {number} has {len(row)} positions: the network takes {lengths[0]} to {lengths[1]}.")
    return np.array([len(row) for row in rows])
