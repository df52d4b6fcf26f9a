"""Whether two programs give the same outputs: by trying all inputs, by a solver, or by tests; the answer says which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from fairfight.errors import UserError
from fairfight.parts.programs.evaluate import TooLarge
from fairfight.parts.programs.program import Program
from fairfight.parts.programs.smt import difference
from fairfight.parts.programs.spaces import Batch, Space
from fairfight.seeds import numpy_rng

Way = Literal["exhaustion", "smt", "tests"]

EXHAUSTIVE = 200_000
"""Inputs up to which all are tried."""
TESTS = 5000
CHUNK = 20_000


@dataclass(frozen=True)
class Equivalence:
    """The answer, how it was come by, and for how much it speaks."""

    equal: bool
    way: Way
    """``exhaustion`` and ``smt`` prove equality on the space; ``tests`` only found no difference."""
    counterexample: Mapping[str, Any] | None
    """Inputs on which the programs differ, as Python values."""
    outputs: tuple[Any, Any] | None
    """What the two give on them."""
    checked: int
    """How many inputs were tried."""

    @property
    def proved(self) -> bool:
        """Whether the answer is certain."""
        return not self.equal or self.way != "tests"


def equivalent(
    a: Program,
    b: Program,
    space: Space | None = None,
    *,
    seconds: float = 10.0,
    exhaustive: int = EXHAUSTIVE,
    tests: int = TESTS,
    seed: int = 0,
) -> Equivalence:
    """Compare two programs on a space of inputs.

    All inputs are tried where there are few. Else some are drawn, which tells most different programs apart at once.
    Where those agree and ``z3-solver`` is installed (extra ``programs``), it looks for a difference at each length.

    Args:
        a: A program.
        b: Another, with the same names of inputs.
        space: The inputs considered; the first program's if not said.
        seconds: For the solver, on all lengths together.
        exhaustive: How many inputs may be tried one by one.
        tests: How many are drawn where there are more.
        seed: Of the draw.

    Raises:
        UserError: The programs give different kinds of things, or a number in them exceeds 2**53.
    """
    space = space or a.space
    if a.type is not b.type:
        raise UserError(f"A program that gives a {a.type.value} cannot equal one that gives a {b.type.value}.")
    a, b = (_moved(p, space) for p in (a, b))
    if space.size <= exhaustive:
        return _tried(a, b, space.everything(exhaustive), "exhaustion")
    drawn = _drawn(space, tests, seed)
    found = _tried(a, b, drawn, "tests")
    if not found.equal or find_spec("z3") is None:
        return found
    low, high = space.lengths if space.sequential else (1, 1)
    share = seconds / (high - low + 1)
    for length in range(low, high + 1):
        differs = difference(a, b, space, length, share)
        if differs is None:
            return found
        if differs is not False:
            assert isinstance(differs, Mapping)
            one = Batch.ragged(**{name: [value] for name, value in differs.items()})
            shown = _tried(a, b, one, "smt")
            if shown.equal:
                raise AssertionError(f"The solver and the evaluation disagree on {dict(differs)}.")
            return replace(shown, checked=found.checked + 1)
    return replace(found, way="smt")


def _moved(p: Program, space: Space) -> Program:
    """The same program for another space."""
    missing = set(p.body.variables()) - {i.name for i in space.inputs}
    if missing:
        raise UserError(f"The space has no input {min(missing)!r}, which one of the programs reads.")
    return Program(space, p.body)


def _drawn(space: Space, tests: int, seed: int) -> Batch:
    return space.sample(tests, numpy_rng(seed, "equivalence"))


def _tried(a: Program, b: Program, batch: Batch, way: Way) -> Equivalence:
    checked = 0
    for begin in range(0, len(batch), CHUNK):
        part = batch[begin : begin + CHUNK]
        try:
            left, right = a(part), b(part)
        except TooLarge as error:
            raise UserError(f"The programs cannot be compared on this space: {error}") from error
        differs = left != right
        rows = np.nonzero(differs.any(axis=1) if differs.ndim == 2 else differs)[0]
        checked += len(part)
        if len(rows):
            k = int(rows[0])
            inputs = next(part[k : k + 1].rows())
            n = None if part.lengths is None or not a.type.rank else int(part.lengths[k])
            shown = tuple(o[k][:n].tolist() if a.type.rank else o[k].item() for o in (left, right))
            return Equivalence(False, way, inputs, (shown[0], shown[1]), checked)
    return Equivalence(True, way, None, None, checked)
