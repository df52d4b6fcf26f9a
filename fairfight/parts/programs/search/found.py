"""What a search hands back, and how candidates are judged on all examples."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.errors import UserError
from fairfight.parts.programs.evaluate import TooLarge, evaluate
from fairfight.parts.programs.expressions import BOOL, BOOLS, INT, INTS, Expr, Type
from fairfight.parts.programs.program import Program, agreement
from fairfight.parts.programs.search.enumeration import Budget, Stop
from fairfight.parts.programs.spaces import Batch, Space

Array = NDArray[Any]


@dataclass(frozen=True)
class Found:
    """The best program of a search, and what it is worth."""

    program: Program
    agreement: float
    """Share of the examples that the search saw on which it is right, sequences as a whole."""
    held_out: float
    """The same on examples that the search did not see."""
    evaluated: int
    distinct: int
    stopped: Stop
    """``found``, or why there is only the best so far: budget, time, memory, or nothing left to try."""
    seconds: float = field(compare=False)

    @property
    def exact(self) -> bool:
        """Whether it is right on every example, those included that the search did not see."""
        return self.agreement == 1.0 and self.held_out == 1.0

    def predict(self, batch: Batch) -> Array:
        """What the program says."""
        return self.program(batch)


def kind_of(outputs: Array) -> Type:
    """The type of a program that gives such outputs.

    Raises:
        UserError: They are neither whole numbers nor truth values, or no single values or sequences.
    """
    if outputs.ndim not in (1, 2) or outputs.dtype.kind not in "biu":
        raise UserError("Outputs must be whole numbers or truth values, [examples] or [examples, positions].")
    boolean = outputs.dtype == bool
    return ((INT, INTS), (BOOL, BOOLS))[boolean][outputs.ndim - 1]


class Judge:
    """Keeps the best candidate by its agreement with the examples that a search may see."""

    def __init__(self, space: Space, batch: Batch, outputs: Array, held_out: float, budget: Budget) -> None:
        """Set examples aside, the last ones, which :meth:`verdict` alone looks at."""
        space.check(batch)
        if len(outputs) != len(batch):
            raise UserError(f"There are {len(batch)} examples and {len(outputs)} outputs.")
        self.space, self.kind, self.budget = space, kind_of(outputs), budget
        aside = min(len(batch) - 1, round(len(batch) * held_out))
        seen = len(batch) - aside
        self.batch, self.outputs = batch[:seen], self._cut(outputs[:seen], batch[:seen])
        self.aside = (batch[seen:], self._cut(outputs[seen:], batch[seen:])) if aside else None
        self.best: Expr | None = None
        self.agreement = -1.0
        self.evaluated = self.distinct = 0
        self.stopped: Stop = "exhausted"
        self._begun = time.monotonic()

    @staticmethod
    def _cut(outputs: Array, batch: Batch) -> Array:
        """Outputs as wide as the longest example, with nothing beyond each one's length."""
        if outputs.ndim == 1 or batch.mask is None:
            return outputs
        mask = batch.mask
        return np.where(mask, outputs[:, : mask.shape[1]], outputs.dtype.type(0))

    def few(self, rows: NDArray[np.int64]) -> Array:
        """The outputs of some of the examples."""
        return self._cut(self.outputs[rows], self.batch[rows])

    def weigh(self, e: Expr) -> NDArray[np.int64]:
        """Compare a candidate with all examples, and keep it if it is the best.

        Returns:
            The examples on which it is wrong.
        """
        try:
            values = evaluate(e, self.batch)
        except TooLarge:
            return np.arange(len(self.batch))
        share = agreement(values, self.outputs, self.batch)
        if share > self.agreement or (share == self.agreement and self.best is not None and e.size < self.best.size):
            self.best, self.agreement = e, share
        same = values == self.outputs
        return np.nonzero(~(same.all(axis=1) if same.ndim == 2 else same))[0]

    def verdict(self, stopped: Stop) -> Found:
        """The best candidate; a constant if there is none."""
        if self.best is None:
            self.weigh(self._constant())
        assert self.best is not None
        program = Program(self.space, self.best)
        held_out = self.agreement
        if self.aside is not None:
            try:
                held_out = agreement(program(self.aside[0]), self.aside[1], self.aside[0])
            except TooLarge:
                held_out = 0.0
        if self.agreement == 1.0:
            stopped = "found"
        elif stopped == "found":  # a part was found, and the whole was wrong
            stopped = self.budget.gone() or "exhausted"
        seconds = time.monotonic() - self._begun
        return Found(program, self.agreement, held_out, self.evaluated, self.distinct, stopped, seconds)

    def _constant(self) -> Expr:
        values, counts = np.unique(self.outputs, return_counts=True)
        usual = Expr("const", (), values[counts.argmax()].item())
        if self.kind.rank == 0:
            return usual
        return Expr("if", (Expr("le", (Expr("const", (), 0), Expr("indices"))), usual, usual))
