"""A program: an expression and the inputs that it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.errors import UserError
from fairfight.parts.programs import python
from fairfight.parts.programs.evaluate import evaluate
from fairfight.parts.programs.expressions import SELECTOR, Expr, Type
from fairfight.parts.programs.spaces import Batch, Space


@dataclass(frozen=True)
class Program:
    """What is computed, and of which inputs."""

    space: Space
    body: Expr

    def __post_init__(self) -> None:
        known = {i.name: i.type for i in self.space.inputs}
        for name, kind in self.body.variables().items():
            if known.get(name) is not kind:
                raise UserError(f"The program uses {name!r} as a {kind.value}, and its inputs have no such thing.")
        if self.body.type is SELECTOR:
            raise UserError("A program gives numbers or truth values, not a Selector: aggregate something with it.")

    @property
    def type(self) -> Type:
        """What it gives."""
        return self.body.type

    @property
    def size(self) -> int:
        """How many nodes its expression has."""
        return self.body.size

    def __call__(self, batch: Batch) -> NDArray[Any]:
        """Outputs [n], or [n, positions] with 0 or false beyond an example's length.

        Raises:
            UserError: The inputs are not those of the program, or a number exceeds 2**53.
        """
        self.space.check(batch)
        return evaluate(self.body, batch)

    def of(self, **inputs: Any) -> Any:
        """The output for one example given as Python values."""
        batch = Batch.ragged(**{name: [value] for name, value in inputs.items()})
        return self(batch)[0].tolist()

    def python(self, name: str = "program") -> str:
        """A Python function as text, which runs without any library."""
        return python.source(self.body, tuple(i.name for i in self.space.inputs), name)

    def printed_agrees(self, batch: Batch) -> bool:
        """Whether the printed function gives what the expression gives, on every example."""
        names: dict[str, Any] = {}
        exec(compile(self.python(), "<program>", "exec"), names)
        wanted = self(batch)
        for k, row in enumerate(batch.rows()):
            found = names["program"](**row)
            expected = wanted[k].tolist()
            if self.type.rank:
                assert batch.lengths is not None
                expected = expected[: int(batch.lengths[k])]
            kind = bool if self.type.boolean else int
            flat = found if self.type.rank else [found]
            if found != expected or not all(type(v) is kind for v in flat):
                return False
        return True

    def __str__(self) -> str:
        return self.python()


def agreement(a: NDArray[Any], b: NDArray[Any], batch: Batch) -> float:
    """Share of examples on which two outputs are equal, sequences as a whole."""
    if a.shape != b.shape:
        raise UserError(f"Outputs of shapes {a.shape} and {b.shape} cannot be compared.")
    same = a == b
    if same.ndim == 2 and batch.mask is not None:
        same = (same | ~batch.mask).all(axis=1)
    return float(np.mean(same))
