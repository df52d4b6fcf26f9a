"""Values of many expressions on the same examples, one row each, and the operations on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.parts.programs.evaluate import ELEMENTWISE, Evaluation
from fairfight.parts.programs.expressions import Expr, Type
from fairfight.parts.programs.search.grammar import Production
from fairfight.parts.programs.spaces import Batch

Array = NDArray[Any]

BOUND = 2**30 - 1
"""Expressions with larger values are not kept: sums of two still fit in 32 bits."""

_PLACEHOLDER = Expr("const", (), 0)


class Points:
    """The examples of a search: single values are rows [n], sequences [positions of all examples in turn]."""

    def __init__(self, batch: Batch) -> None:
        self.run = Evaluation(batch)
        self.n = len(batch)
        self.mask = batch.mask
        if self.mask is not None:
            self.owner = np.nonzero(self.mask)[0]
            self.pairs = self.mask[:, :, None] & self.mask[:, None, :]
            assert batch.lengths is not None
            self.lengths = batch.lengths
            self.starts = np.cumsum(self.lengths) - self.lengths
            place = np.arange(len(self.owner)) - self.starts[self.owner]
            self.mirror = self.starts[self.owner] + self.lengths[self.owner] - 1 - place

    def row(self, values: Array, kind: Type) -> Array:
        """Values as evaluation gives them, as a row."""
        if kind.rank == 0:
            flat = np.broadcast_to(values, (self.n, 1))[:, 0]
        else:
            assert self.mask is not None
            mask = self.mask if kind.rank == 1 else self.pairs
            flat = np.broadcast_to(values, mask.shape)[mask]
        return np.ascontiguousarray(flat, bool if kind.boolean else np.int64)

    def values(self, row: Array, kind: Type) -> Array:
        """A row as evaluation has it."""
        if kind.rank == 0:
            return row[:, None]
        assert self.mask is not None
        mask = self.mask if kind.rank == 1 else self.pairs
        found = np.zeros(mask.shape, bool if kind.boolean else np.int64)
        found[mask] = row
        return found

    def widened(self, rows: Array, kind: Type, rank: int) -> Array:
        """Rows of single values as rows along the positions, where that is wanted."""
        return rows[..., self.owner] if rank == 1 and kind.rank == 0 else rows

    def whole(self, p: Production, args: list[Array]) -> Array:
        """One row of an operation on whole sequences."""
        e = _like(p)
        values = [self.values(a, k) for a, k in zip(args, p.kinds, strict=True)]
        return self.row(self.run.apply(e, values), p.result)

    def block(self, p: Production, args: list[Array]) -> Array:
        """Rows of an operation that is done for many at once; all arguments but one are single rows."""
        if p.op in ELEMENTWISE:
            if p.kinds[0] is not Type.SELECTOR:
                args = [self.widened(a, k, p.result.rank) for a, k in zip(args, p.kinds, strict=True)]
            if p.op == "mul":
                return np.multiply(args[0], args[1], dtype=np.int64)
            return ELEMENTWISE[p.op](_PLACEHOLDER, *args)
        if p.op == "reverse":
            return args[0][..., self.mirror]
        if p.op == "at":
            return self._at(args[0], self.widened(args[1], p.kinds[1], p.result.rank), p.result.rank)
        fold = _FOLDS[p.op]
        kind = bool if p.result.boolean else np.int64
        found: Array = fold.reduceat(args[0], self.starts, axis=-1, dtype=kind)
        return found

    def _at(self, values: Array, index: Array, rank: int) -> Array:
        which = self.owner if rank == 1 else np.arange(self.n)
        inside = (index >= 0) & (index < self.lengths[which])
        place = np.where(inside, index + self.starts[which], 0)
        found = values[..., place] if place.ndim == 1 else values[place]
        return np.where(inside, found, found.dtype.type(0))


_FOLDS: dict[str, np.ufunc] = {
    "sum": np.add,
    "largest": np.maximum,
    "smallest": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}
BLOCKED = frozenset({*ELEMENTWISE, *_FOLDS, "reverse", "at"})
"""Operations that are done for many expressions at once."""


def _like(p: Production) -> Expr:
    """An expression with the production's operation, for the evaluator to look at."""
    args = tuple(_LEAVES[k] for k in p.kinds)
    return Expr(p.op, args, p.value)


def _leaf(kind: Type) -> Expr:
    if kind.rank == 2:
        return Expr("select", (Expr("indices"), Expr("indices")), "eq")
    return Expr("var", (), ("any", kind.value))


_LEAVES = {kind: _leaf(kind) for kind in Type}
