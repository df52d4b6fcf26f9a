"""Inputs of programs: what they may be, and many of them at once."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.errors import UserError, unknown
from fairfight.parts.programs.expressions import BOOL, INT, LIMIT, SELECTOR, Expr, Type

Array = NDArray[Any]


@dataclass(frozen=True)
class Batch:
    """Many examples: an array [n] for each single value and [n, positions] for each sequence, padded with 0."""

    columns: Mapping[str, Array]
    lengths: NDArray[np.int64] | None = None
    """[n] how long each example's sequences are; None where none is a sequence."""

    @classmethod
    def of(cls, lengths: Sequence[int] | Array | None = None, **columns: Any) -> Batch:
        """From arrays or nested lists; all sequences of one example are equally long, and fill it where not said."""
        arrays = {name: _whole(name, np.asarray(values)) for name, values in columns.items()}
        sequences = [a for a in arrays.values() if a.ndim == 2]
        if len({len(a) for a in arrays.values()}) > 1 or len({a.shape for a in sequences}) > 1:
            raise UserError("All inputs need the same number of examples, and all sequences the same shape.")
        if not sequences:
            return cls(arrays, None if lengths is None else np.asarray(lengths, np.int64))
        n, width = sequences[0].shape
        known = np.full(n, width, np.int64) if lengths is None else np.asarray(lengths, np.int64)
        if known.shape != (n,) or (n and (known.min() < 1 or known.max() > width)):
            raise UserError(f"Each of the {n} examples needs a length from 1 to {width}.")
        blank = np.arange(width) >= known[:, None]
        return cls({k: np.where(blank, a.dtype.type(0), a) if a.ndim == 2 else a for k, a in arrays.items()}, known)

    @classmethod
    def ragged(cls, **columns: Sequence[Any]) -> Batch:
        """From lists of examples, whose sequences may differ in length from one example to the next."""
        lengths: list[int] | None = None
        padded: dict[str, Any] = {}
        for name, values in columns.items():
            if not values or not isinstance(values[0], (list, tuple, np.ndarray)):
                padded[name] = values
                continue
            own = [len(v) for v in values]
            if lengths is not None and own != lengths:
                raise UserError("All sequences of one example must be equally long.")
            lengths, width = own, max(own)
            padded[name] = [list(v) + [type(v[0])(0)] * (width - len(v)) if len(v) else [0] * width for v in values]
        return cls.of(lengths, **padded)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, rows: slice | Array) -> Batch:
        lengths = None if self.lengths is None else self.lengths[rows]
        width = None if lengths is None or not len(lengths) else int(lengths.max())
        return Batch({k: a[rows, :width] if a.ndim == 2 else a[rows] for k, a in self.columns.items()}, lengths)

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """[n, positions] which positions there are; None where there are no sequences."""
        if self.lengths is None:
            return None
        width = next((a.shape[1] for a in self.columns.values() if a.ndim == 2), int(self.lengths.max(initial=0)))
        found: NDArray[np.bool_] = np.arange(width) < self.lengths[:, None]
        return found

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each example as Python values, sequences as lists of their own length."""
        for k in range(len(self)):
            n = None if self.lengths is None else int(self.lengths[k])
            yield {name: (a[k, :n] if a.ndim == 2 else a[k]).tolist() for name, a in self.columns.items()}


@dataclass(frozen=True)
class Input:
    """An input of a program: its name, type and, for whole numbers, the least and the greatest it may be."""

    name: str
    type: Type = INT
    low: int = 0
    high: int = 1

    def __post_init__(self) -> None:
        usable = self.name.isidentifier() and not keyword.iskeyword(self.name) and not hasattr(builtins, self.name)
        if not usable or self.type is SELECTOR:
            raise UserError(
                f"{self.name!r} cannot be an input: it needs a name that means nothing in Python, and no Selector."
            )
        if self.type.boolean and (self.low, self.high) != (0, 1):
            raise UserError(f"The truth values {self.name!r} have no bounds to set.")
        if not -LIMIT <= self.low <= self.high <= LIMIT:
            raise UserError(f"The input {self.name!r} needs whole bounds, the least first.")

    @property
    def values(self) -> int:
        """How many values one of its elements can have."""
        return self.high - self.low + 1


@dataclass(frozen=True)
class Space:
    """All inputs that a program is meant for."""

    inputs: tuple[Input, ...]
    lengths: tuple[int, int] = (1, 8)
    """Shortest and longest sequences; of no meaning where no input is one."""

    def __post_init__(self) -> None:
        names = [i.name for i in self.inputs]
        if not names or len(set(names)) < len(names):
            raise UserError("A space of inputs needs at least one input, and a different name for each.")
        if not 1 <= self.lengths[0] <= self.lengths[1]:
            raise UserError(f"Sequences need lengths of at least 1, the shortest first, not {self.lengths}.")

    def __getitem__(self, name: str) -> Expr:
        for i in self.inputs:
            if i.name == name:
                return Expr("var", (), (name, i.type.value))
        raise unknown("input", name, [i.name for i in self.inputs])

    @property
    def sequential(self) -> bool:
        """Whether any input is a sequence."""
        return any(i.type.rank for i in self.inputs)

    @property
    def size(self) -> int:
        """How many different inputs there are."""
        return sum(self._count(n) for n in self._all_lengths())

    def _all_lengths(self) -> range:
        return range(self.lengths[0], self.lengths[1] + 1) if self.sequential else range(1, 2)

    def _count(self, n: int) -> int:
        count = 1
        for i in self.inputs:
            count *= i.values ** (n if i.type.rank else 1)
        return count

    def everything(self, limit: int = 1_000_000) -> Batch:
        """Every input there is, shorter sequences first.

        Raises:
            UserError: There are more than the limit.
        """
        if self.size > limit:
            raise UserError(f"The input space has {self.size:.3g} inputs, too many to enumerate: the limit is {limit}.")
        width = self.lengths[1]
        parts: list[dict[str, Array]] = []
        lengths: list[Array] = []
        for n in self._all_lengths():
            ranges = [range(i.values) for i in self.inputs for _ in range(n if i.type.rank else 1)]
            grid = np.indices([len(r) for r in ranges]).reshape(len(ranges), -1).T if len(ranges) <= 32 else None
            table = np.array(list(product(*ranges)), np.int64) if grid is None else grid.astype(np.int64)
            part, column = {}, 0
            for i in self.inputs:
                take = n if i.type.rank else 1
                values = table[:, column : column + take] + i.low
                column += take
                part[i.name] = np.pad(values, ((0, 0), (0, width - n))) if i.type.rank else values[:, 0]
            parts.append(part)
            lengths.append(np.full(len(table), n, np.int64))
        columns = {i.name: self._typed(i, np.concatenate([p[i.name] for p in parts])) for i in self.inputs}
        return Batch.of(np.concatenate(lengths) if self.sequential else None, **columns)

    def sample(self, n: int, rng: np.random.Generator, lengths: tuple[int, int] | None = None) -> Batch:
        """Draw inputs evenly; lengths evenly from the space's, or from others."""
        low, high = lengths or self.lengths
        own = rng.integers(low, high + 1, n) if self.sequential else None
        columns = {
            i.name: self._typed(i, rng.integers(i.low, i.high + 1, (n, high) if i.type.rank else (n,)))
            for i in self.inputs
        }
        return Batch.of(own, **columns)

    def check(self, batch: Batch) -> None:
        """Refuse inputs of other names or kinds, or out of bounds; longer sequences are allowed.

        Raises:
            UserError: What does not fit, and why.
        """
        if set(batch.columns) != {i.name for i in self.inputs}:
            asked, given = ", ".join(i.name for i in self.inputs), ", ".join(batch.columns)
            raise UserError(f"The inputs are {asked}, and {given} were given.")
        mask = batch.mask
        for i in self.inputs:
            a = batch.columns[i.name]
            if a.ndim != 1 + i.type.rank:
                raise UserError(f"The input {i.name!r} is a {i.type.value}: give an array of {1 + i.type.rank} axes.")
            values = a[mask] if a.ndim == 2 and mask is not None else a
            if values.size and (int(values.min()) < i.low or int(values.max()) > i.high):
                raise UserError(f"The input {i.name!r} lies between {i.low} and {i.high}.")

    @staticmethod
    def _typed(i: Input, values: Array) -> Array:
        return values.astype(bool) if i.type.element is BOOL else values.astype(np.int64)


def _whole(name: str, values: Array) -> Array:
    """As integers of 64 bits or truth values."""
    if values.dtype == bool:
        return values
    if values.dtype.kind not in "iu" and not (values.dtype.kind == "f" and bool((values == np.round(values)).all())):
        raise UserError(f"The input {name!r} must hold whole numbers or truth values.")
    if values.ndim not in (1, 2):
        raise UserError(f"The input {name!r} needs one axis for single values or two for sequences, not {values.ndim}.")
    return values.astype(np.int64)
