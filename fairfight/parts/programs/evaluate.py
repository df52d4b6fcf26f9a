"""Evaluate expressions on many examples at once; only scans go from position to position."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.errors import UserError
from fairfight.parts.programs.expressions import LIMIT, Expr, Scan
from fairfight.parts.programs.spaces import Batch

Array = NDArray[Any]


class TooLarge(UserError):
    """A number that left the language's range."""


def evaluate(expression: Expr, batch: Batch) -> Array:
    """The values of an expression.

    Single values are [n], sequences [n, positions] with 0 or false beyond an example's length, and selectors
    [n, positions, positions]: for each position, which others it looks at.

    Raises:
        TooLarge: A number exceeds 2**53.
        UserError: A variable is missing.
    """
    found = Evaluation(batch)(expression)
    n = len(batch)
    if expression.type.rank == 0:
        return np.broadcast_to(found, (n, 1))[:, 0].copy()
    mask = batch.mask
    assert mask is not None
    if expression.type.rank == 1:
        return np.where(mask, found, found.dtype.type(0))
    whole: Array = found & mask[:, None, :] & mask[:, :, None]
    return whole


class Evaluation:
    """Values of expressions on one batch, each computed once.

    Inside, single values are [n, 1] and sequences [n, positions], so that numpy's broadcasting is the language's.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.mask = batch.mask
        self.full = self.mask is None or bool(self.mask.all())
        self._known: dict[Expr, Array] = {}

    def __call__(self, e: Expr) -> Array:
        """The values, in the inner shape."""
        found = self._known.get(e)
        if found is None:
            found = self._known[e] = self.apply(e, [self(a) for a in e.args])
        return found

    def apply(self, e: Expr, args: list[Array]) -> Array:
        """The values of an operation, given those of its arguments."""
        if e.op == "var":
            name = e.value[0]
            if name not in self.batch.columns:
                raise UserError(f"The input {name!r} is missing.")
            a = self.batch.columns[name].astype(bool if e.type.boolean else np.int64, copy=False)
            if a.ndim != 1 + e.type.rank:
                raise UserError(f"The input {name!r} is a {e.type.value}: give an array of {1 + e.type.rank} axes.")
            return a[:, None] if a.ndim == 1 else a
        if e.op in WHOLE:
            if self.mask is None:
                raise UserError(f"{e.op!r} needs sequences, and none of the inputs is one.")
            return WHOLE[e.op](self, e, *args)
        return elementwise(e, args)

    def width(self) -> int:
        """How many positions the longest example has."""
        assert self.mask is not None
        return int(self.mask.shape[1])

    def lengths(self) -> Array:
        """[n, 1]."""
        assert self.batch.lengths is not None
        return self.batch.lengths[:, None]

    def kept(self, a: Array, blank: int | bool) -> Array:
        """A sequence with something else where there are no positions."""
        assert self.mask is not None
        a = np.broadcast_to(a, self.mask.shape)
        return a if self.full else np.where(self.mask, a, np.asarray(blank, a.dtype))


def elementwise(e: Expr, args: list[Array]) -> Array:
    """The values of an operation that is done position by position."""
    if e.op == "const":
        return np.array([[e.value]])
    return ELEMENTWISE[e.op](e, *args)


def body(e: Expr, names: Mapping[str, Array]) -> Array:
    """The values of an expression of single values, such as a scan's update; any shapes that broadcast."""
    if e.op == "var":
        return names[e.value[0]]
    if e.op == "const":
        return np.array([e.value])
    return ELEMENTWISE[e.op](e, *(body(a, names) for a in e.args))


def states(
    rule: Scan, items: list[Array], mask: Array | None = None, begin: Sequence[Array] | None = None
) -> list[Array]:
    """The states of a scan after each position.

    Args:
        rule: The scan.
        items: What it reads, each [n, positions].
        mask: Which positions there are; where there is none a state stays as it is.
        begin: States [n] to begin from in place of the scan's own.

    Returns:
        An array [n, positions] a state.

    Raises:
        TooLarge: A state exceeds 2**53.
    """
    n, width = items[0].shape if items else (1, 0)
    columns = [np.ascontiguousarray(i.T) for i in items]
    here = mask.T if mask is not None else None
    now = list(begin or [np.full(n, value, np.int64) for value in rule.initial])
    kept = [np.empty((width, n), np.int64) for _ in now]
    for t in range(width):
        names = {f"s{k}": s for k, s in enumerate(now)} | {f"x{k}": c[t] for k, c in enumerate(columns)}
        new = [body(u, names) for u in rule.updates]
        now = [v if here is None else np.where(here[t], v, old) for v, old in zip(new, now, strict=True)]
        for k, s in enumerate(now):
            kept[k][t] = s
            now[k] = kept[k][t]
    for array in kept:
        _bounded(array)
    return [array.T for array in kept]


def _scan(run: Evaluation, e: Expr, *args: Array) -> Array:
    rule: Scan = e.value
    shape = (len(run.batch), run.width())
    items = [np.broadcast_to(a, shape) for a in args] or [np.zeros(shape, np.int64)]
    after = states(rule, items, None if run.full else run.mask)
    names = {f"s{k}": s for k, s in enumerate(after)} | {f"x{k}": i for k, i in enumerate(items)}
    return np.broadcast_to(body(rule.output, names), shape)


def _bounded(a: Array) -> None:
    if a.size and (int(a.max()) > LIMIT or int(a.min()) < -LIMIT):
        raise TooLarge("A number of the program exceeds 2**53.")


def _add(e: Expr, a: Array, b: Array) -> Array:
    return a + b


def _mul(e: Expr, a: Array, b: Array) -> Array:
    if a.size and b.size:
        most = max(int(a.max()), -int(a.min())) * max(int(b.max()), -int(b.min()))
        if most > LIMIT and float(np.abs(a.astype(float) * b).max()) > LIMIT:
            raise TooLarge("A number of the program exceeds 2**53.")
    found: Array = a * b
    return found


def _floordiv(e: Expr, a: Array, b: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.floor_divide(a, b)  # 0 where the divisor is 0, which is what the language says


def _mod(e: Expr, a: Array, b: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.remainder(a, b)


def _lookup(e: Expr, a: Array) -> Array:
    table = np.array((*e.value, 0), np.int64)
    found: Array = table[np.where((a >= 0) & (a < len(e.value)), a, -1)]
    return found


def _if(e: Expr, condition: Array, a: Array, b: Array) -> Array:
    return np.where(condition, a, b)


ELEMENTWISE: dict[str, Callable[..., Array]] = {
    "add": _add,
    "sub": lambda e, a, b: a - b,
    "mul": _mul,
    "floordiv": _floordiv,
    "mod": _mod,
    "min": lambda e, a, b: np.minimum(a, b),
    "max": lambda e, a, b: np.maximum(a, b),
    "neg": lambda e, a: -a,
    "abs": lambda e, a: np.abs(a),
    "int": lambda e, a: a.astype(np.int64),
    "eq": lambda e, a, b: a == b,
    "ne": lambda e, a, b: a != b,
    "lt": lambda e, a, b: a < b,
    "le": lambda e, a, b: a <= b,
    "and": lambda e, a, b: a & b,
    "or": lambda e, a, b: a | b,
    "xor": lambda e, a, b: a ^ b,
    "not": lambda e, a: ~a,
    "if": _if,
    "lookup": _lookup,
}

_PREDICATES: dict[str, Callable[[Array, Array], Array]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def _select(run: Evaluation, e: Expr, keys: Array, queries: Array) -> Array:
    shape = (len(run.batch), run.width())
    found: Array = _PREDICATES[e.value](
        np.broadcast_to(keys, shape)[:, None, :], np.broadcast_to(queries, shape)[:, :, None]
    )
    return found


def _looked(run: Evaluation, selector: Array) -> Array:
    """A selector without the positions that there are not."""
    return selector if run.full or run.mask is None else selector & run.mask[:, None, :]


def _aggregate_sum(run: Evaluation, e: Expr, selector: Array, values: Array) -> Array:
    values = np.broadcast_to(values, (len(run.batch), run.width()))
    found: Array = np.einsum("nqk,nk->nq", _looked(run, selector).astype(np.int64), values)
    return found


def _aggregate(run: Evaluation, e: Expr, selector: Array, values: Array) -> Array:
    return _floordiv(e, _aggregate_sum(run, e, selector, values), _looked(run, selector).sum(2))


def _at(run: Evaluation, e: Expr, a: Array, index: Array) -> Array:
    n, width = len(run.batch), run.width()
    index = np.broadcast_to(index, (n, index.shape[1]))
    inside = (index >= 0) & (index < run.lengths())
    found = np.take_along_axis(np.broadcast_to(a, (n, width)), np.where(inside, index, 0), axis=1)
    return np.where(inside, found, found.dtype.type(0))


def _reverse(run: Evaluation, e: Expr, a: Array) -> Array:
    return _at(run, e, a, run.lengths() - 1 - np.arange(run.width()))


def _reduce(fold: Callable[..., Array], blank: int | bool) -> Callable[..., Array]:
    return lambda run, e, a: fold(run.kept(a, blank), axis=1, keepdims=True)


_LAST = np.iinfo(np.int64).max

WHOLE: dict[str, Callable[..., Array]] = {
    "indices": lambda run, e: np.arange(run.width())[None],
    "length": lambda run, e: run.lengths(),
    "sum": _reduce(np.sum, 0),
    "largest": _reduce(np.max, -_LAST),
    "smallest": _reduce(np.min, _LAST),
    "any": _reduce(np.any, False),
    "all": _reduce(np.all, True),
    "sort": lambda run, e, a: run.kept(np.sort(run.kept(a, _LAST), axis=1), 0),
    "order": lambda run, e, a: np.argsort(run.kept(a, _LAST), axis=1, kind="stable"),
    "reverse": _reverse,
    "at": _at,
    "select": _select,
    "selector_width": lambda run, e, selector: _looked(run, selector).sum(2),
    "aggregate": _aggregate,
    "aggregate_sum": _aggregate_sum,
    "scan": _scan,
}
