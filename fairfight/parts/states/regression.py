"""Integer symbolic regression: the shortest of a family of formulas that gives a table exactly (as in MIPS).

A formula is a whole combination of a few features (the variables, their sizes, products, extremes and comparisons), or
one plain function of such a combination: a remainder, a quotient, a size, a comparison, a bound. Small tables that no
formula gives are looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product

import numpy as np
from jaxtyping import Int

from fairfight.parts.programs import Batch, Expr, as_int, const, eq, evaluate, if_, lookup, maximum, minimum
from fairfight.parts.states.laws import affine

Column = Int[np.ndarray, " m"]
Feature = tuple[Column, Expr]

LARGEST_TABLE = 512
NESTED = 400
"""Rows up to which conditions within conditions are tried, for targets with no more than a few values."""
FEW = 4


def regress(
    columns: Int[np.ndarray, "m v"], wanted: Column, variables: Sequence[Expr], *, tables: bool = True
) -> Expr | None:
    """An expression of the variables with the values wanted, or nothing.

    Args:
        columns: Values of the variables.
        wanted: What the expression has to give.
        variables: Integers, in the order of the columns.
        tables: Whether a look-up may be the last resort.
    """
    rows, first = np.unique(columns, axis=0, return_index=True)
    target = wanted[first]
    if not _functional(columns, wanted):
        return None
    found = _plain(rows, target, variables)
    if found is None:
        found = _combined(rows, target, variables, _signed)
    if found is None and len(rows) <= 4 * LARGEST_TABLE:
        found = _split(rows, target, variables, 1)
    if found is None and len(variables) > 1:
        found = _combined(rows, target, variables, _weighted)
    if found is None and len(rows) <= NESTED and len(np.unique(target)) <= FEW:
        found = _split(rows, target, variables, 2)
    if found is None and tables:
        found = _table(rows, target, variables)
    return found


def _functional(columns: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether equal rows have equal values."""
    return len(np.unique(columns, axis=0)) == len(np.unique(np.column_stack([columns, wanted]), axis=0))


def _plain(rows: np.ndarray, target: Column, variables: Sequence[Expr]) -> Expr | None:
    """A whole combination of the variables, or a plain function of one feature."""
    if (target == target[0]).all():
        return const(int(target[0]))
    linear = affine(rows, target[:, None])
    if linear is not None and np.abs(linear[0]).max() < 100:
        return combination(linear[0][0], int(linear[1][0]), variables)
    features = list(_features(rows, variables))
    for column, e in features:
        scaled = _scaled(column, target)
        if scaled is not None:
            return combination(np.array(scaled[:1]), scaled[1], [e])
    for column, e in features:
        found = _function(column, target, e)
        if found is not None:
            return found
    return None


def _combined(
    rows: np.ndarray,
    target: Column,
    variables: Sequence[Expr],
    combined: Callable[[list[Feature], int], Iterator[Feature]],
) -> Expr | None:
    """A plain function of a whole combination of features, looked for on some rows and checked on all."""
    few, wanted = rows[:LARGEST_TABLE], target[:LARGEST_TABLE]
    names = [v.value[0] for v in variables]
    for column, e in combined(list(_features(few, variables)), len(variables)):
        found = _function(column, wanted, e)
        if found is not None and np.array_equal(_values(found, names, rows), target):
            return found
    return None


def _values(e: Expr, names: Sequence[str], rows: np.ndarray) -> Column:
    """What an expression of the variables is on each row."""
    found = evaluate(e, Batch.of(None, **{n: rows[:, j] for j, n in enumerate(names)}))
    return np.broadcast_to(found.astype(np.int64), len(rows))


def _features(rows: np.ndarray, variables: Sequence[Expr]) -> Iterator[Feature]:
    """Variables first, then plain functions of one or two of them."""
    v = len(variables)
    base = [(rows[:, j], variables[j]) for j in range(v)]
    yield from base
    for x, e in base:
        if x.min() < 0:
            yield np.abs(x), abs(e)
    if v > 4:
        return
    for (x, e), (y, f) in combinations(base, 2):
        yield x * y, e * f
        yield np.maximum(x, y), maximum(e, f)
        yield np.minimum(x, y), minimum(e, f)
        yield (x == y) * 1, as_int(eq(e, f))
        yield (x < y) * 1, as_int(e < f)
        yield np.abs(x - y), abs(e - f)
    for x, e in base:
        for k in np.unique(x)[:12]:
            yield (x == k) * 1, as_int(eq(e, int(k)))


def _signed(features: list[Feature], v: int) -> Iterator[Feature]:
    """Sums of all variables, each with either sign."""
    for signs in product((1, -1), repeat=min(v, 6)):
        yield _sum(features[: len(signs)], signs)


def _weighted(features: list[Feature], v: int) -> Iterator[Feature]:
    """Sums of two features, or of three variables, with small weights."""
    positive = (1, 2, 3)
    for second in (positive, (-1, -2, -3)):
        for pair in combinations(features[:24], 2):
            for ab in product(positive, second):
                yield _sum(pair, ab)
    if 3 <= v <= 4:
        for triple in combinations(features[:v], 3):
            for abc in product((1, 2, -1, -2), repeat=3):
                yield _sum(triple, abc)


def _sum(features: Sequence[Feature], weights: Sequence[int]) -> Feature:
    column: Column = np.stack([x for x, _ in features], 1) @ np.array(weights)
    return column, combination(np.array(weights), 0, [e for _, e in features])


def _function(t: Column, target: Column, e: Expr) -> Expr | None:
    """A plain function of one number, if it gives the target."""
    order = np.argsort(t, kind="stable")
    if ((np.diff(t[order]) == 0) & (np.diff(target[order]) != 0)).any():
        return None
    values, first = np.unique(t, return_index=True)
    wanted = target[first]
    for column, made in _functions(values, wanted, e):
        plain = _scaled(column, wanted)
        if plain is not None and abs(plain[0]) <= 12:
            return combination(np.array(plain[:1]), plain[1], [made()])
    return None


def _scaled(column: Column, target: Column) -> tuple[int, int] | None:
    """Whole numbers a and b with ``target = a column + b``, where the column varies."""
    other = int(np.argmax(column != column[0]))
    run = int(column[other] - column[0])
    if not run or (target[other] - target[0]) % run:
        return None
    a = int(target[other] - target[0]) // run
    b = int(target[0]) - a * int(column[0])
    return (a, b) if np.array_equal(a * column + b, target) else None


def _functions(t: Column, target: Column, e: Expr) -> Iterator[tuple[Column, Callable[[], Expr]]]:
    """Plain functions of ascending numbers; those are left out that cannot have as many values as the target."""
    low, high = int(t[0]), int(t[-1])
    several = len(np.unique(target))
    # A period has to be seen twice, nearly: a longer one would only bend a line.
    for m in range(2, min((high - low + 2) // 2, 16) + 1):
        remains, divides = m >= several, abs((high - low) // m + 1 - several) < 2
        for c in range(m) if remains or divides else ():
            if remains:
                yield (t + c) % m, lambda c=c, m=m: (e + c if c else e) % m  # type: ignore[misc]
            if divides:
                yield (t + c) // m, lambda c=c, m=m: (e + c if c else e) // m  # type: ignore[misc]
    for c in range(-3, 4):
        yield np.abs(t - c), lambda c=c: abs(e - c if c else e)  # type: ignore[misc]
    if several == 2:
        for k in map(int, t[:40]):
            yield (t == k) * 1, lambda k=k: as_int(eq(e, k))  # type: ignore[misc]
            yield (t >= k) * 1, lambda k=k: as_int(e >= k)  # type: ignore[misc]
        for m in range(2, 9):
            for r in range(m):
                yield ((t % m) == r) * 1, lambda m=m, r=r: as_int(eq(e % m, r))  # type: ignore[misc]
    for k in (t[several - 1], t[-several]) if several <= len(t) else ():
        yield np.minimum(t, k), lambda k=k: minimum(e, int(k))  # type: ignore[misc]
        yield np.maximum(t, k), lambda k=k: maximum(e, int(k))  # type: ignore[misc]


def _split(rows: np.ndarray, target: Column, variables: Sequence[Expr], depth: int) -> Expr | None:
    """One formula where a condition holds, another (which may split again) where it does not."""
    found: Expr | None = None
    for there, condition in _conditions(rows, variables):
        if there.all() or not there.any():
            continue
        then = _plain(rows[there], target[there], variables)
        if then is None:
            continue
        left, wanted = rows[~there], target[~there]
        other = _plain(left, wanted, variables)
        if other is None and depth > 1 and len(rows) <= 2 * LARGEST_TABLE:
            other = _split(left, wanted, variables, depth - 1)
        if other is not None:
            made = if_(condition, then, other)
            if found is None or made.size < found.size:
                found = made
            if depth == 1:
                break
    return found


def _conditions(rows: np.ndarray, variables: Sequence[Expr]) -> Iterator[tuple[np.ndarray, Expr]]:
    """Comparisons of a variable with its values, and of two variables."""
    for j, e in enumerate(variables):
        values = np.unique(rows[:, j])
        for k in values[:12]:
            yield rows[:, j] == k, eq(e, int(k))
        for k in values[1:-1][:12] if len(values) < 24 else [v for v in (-1, 0, 1) if v in values]:
            yield rows[:, j] <= k, e <= int(k)
            yield rows[:, j] > k, e > int(k)
    for (i, e), (j, f) in combinations(enumerate(variables), 2):
        yield rows[:, i] <= rows[:, j], e <= f
        yield rows[:, i] < rows[:, j], e < f


def _table(rows: np.ndarray, target: Column, variables: Sequence[Expr]) -> Expr | None:
    """A look-up over all values of all variables, if there are few and most of them occur."""
    low, high = rows.min(0), rows.max(0)
    sizes = high - low + 1
    if int(np.prod(sizes)) > LARGEST_TABLE or len(rows) < 0.9 * np.prod(sizes):
        return None
    radix = np.cumprod([1, *sizes[:0:-1]])[::-1]
    table = np.zeros(int(np.prod(sizes)), dtype=np.int64)
    table[(rows - low) @ radix] = target
    index = combination(radix, -int(low @ radix), variables)
    return lookup(table.tolist(), index)


def combination(weights: Int[np.ndarray, " v"], offset: int, variables: Sequence[Expr]) -> Expr:
    """A whole combination, written without what is 0 or 1."""
    out: Expr | None = None
    order = sorted(range(len(variables)), key=lambda j: weights[j] < 0)
    for j in order:
        w, e = int(weights[j]), variables[j]
        if not w:
            continue
        if out is None:
            out = e if w == 1 else -e if w == -1 else e * w
        elif w > 0:
            out = out + (e if w == 1 else e * w)
        else:
            out = out - (e if w == -1 else e * -w)
    if out is None:
        return const(offset)
    return out + offset if offset > 0 else out - -offset if offset < 0 else out
