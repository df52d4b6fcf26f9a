"""Variables that are read from a network: which of them tell another one, and by what expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Int

from fairfight.parts.programs import INT, INTS, Batch, Expr, Input, Scan, Space, const, evaluate, lookup, var
from fairfight.parts.programs.search.enumeration import Budget
from fairfight.parts.programs.search.synthesis import synthesise
from fairfight.parts.states.regression import combination, regress

Column = Int[np.ndarray, " m"]

MOST = 3
"""Variables that may tell another."""
SOME = 1000
"""Rows that are looked at first."""
TRIED = 30_000
"""Expressions that are tried where no plain formula fits."""
TABLE = 4096
"""Entries of a look-up at most."""


@dataclass(frozen=True)
class Variable:
    """A whole number at each position."""

    name: str
    values: Int[np.ndarray, "n length"]
    expression: Expr
    """Of variables that come before it."""


def departures(columns: Sequence[Column], target: Column) -> int:
    """In how many rows the target is not what it usually is where the columns are the same."""
    group = coded(columns, len(target))
    low, wide = int(target.min()), int(np.ptp(target)) + 1
    pairs, counts = np.unique(group * wide + (target - low), return_counts=True)
    starts = np.flatnonzero(np.diff(pairs // wide, prepend=-1))
    return int(len(target) - np.maximum.reduceat(counts, starts).sum())


def coded(columns: Sequence[Column], rows: int) -> Column:
    """A number for each combination of values."""
    found = np.zeros(rows, np.int64)
    for column in columns:
        found = found * (int(np.ptp(column)) + 1) + (column - int(column.min()))
    return found


def telling(columns: Mapping[str, Column], target: Column, *, slack: float = 0.0) -> tuple[str, ...] | None:
    """The fewest variables that tell the target, but for a share of the rows; nothing where they do not."""
    if not len(target) or np.ptp(target) == 0:
        return ()
    for count in range(1, MOST + 1):
        for names in combinations(columns, count):
            few = [columns[name][:SOME] for name in names]
            if departures(few, target[:SOME]) > slack * SOME:
                continue
            if departures([columns[name] for name in names], target) <= slack * len(target):
                return names
    return None


def expressed(columns: Mapping[str, Column], target: Column, *, slack: float = 0.0) -> Expr | None:
    """The target as an expression of the fewest variables: a formula, what enumeration finds, or a table.

    Args:
        columns: Values of the variables, by name.
        target: What is to be told.
        slack: Share of the rows in which it may be something else.
    """
    names = telling(columns, target, slack=slack)
    if names is None:
        return None
    if not names:
        return const(int(target[0]) if len(target) else 0)
    rows, wanted = _table([columns[name] for name in names], target)
    variables = [var(name, INT) for name in names]
    found = regress(rows, wanted, variables, tables=False)
    if found is None:
        found = _enumerated(rows, wanted, names)
    if found is None:
        found = _looked_up(rows, wanted, variables)
    return None if found is None else widened(found, names)


def _table(columns: Sequence[Column], target: Column) -> tuple[Int[np.ndarray, "k v"], Int[np.ndarray, " k"]]:
    """Every combination of values with what the target usually is there."""
    group = coded(columns, len(target))
    order = np.lexsort((target, group))
    group, target = group[order], target[order]
    pairs = np.flatnonzero(
        np.diff(group, prepend=-1).astype(bool) | np.diff(target, prepend=target[0] - 1).astype(bool)
    )
    counts = np.diff(np.append(pairs, len(group)))
    best: dict[int, tuple[int, int]] = {}
    for at, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        key = int(group[at])
        if key not in best or count > best[key][0]:
            best[key] = count, at
    chosen = [at for _, at in best.values()]
    rows = np.stack([c[order][chosen] for c in columns], axis=1)
    return rows, target[chosen]


def _enumerated(rows: Int[np.ndarray, "k v"], wanted: Int[np.ndarray, " k"], names: Sequence[str]) -> Expr | None:
    inputs = tuple(Input(name, INT, int(rows[:, k].min()), int(rows[:, k].max())) for k, name in enumerate(names))
    batch = Batch.of(None, **{name: rows[:, k] for k, name in enumerate(names)})
    constants = (0, 1, 2, 3, int(wanted.max()) + 1, 100)
    found = synthesise(
        Space(inputs), batch, wanted, budget=Budget(TRIED), constants=tuple(dict.fromkeys(constants)), held_out=0.0
    )
    return found.program.body if found.agreement == 1 else None


def _looked_up(rows: Int[np.ndarray, "k v"], wanted: Int[np.ndarray, " k"], variables: Sequence[Expr]) -> Expr | None:
    low = rows.min(0)
    sizes = rows.max(0) - low + 1
    if int(np.prod(sizes)) > TABLE:
        return None
    radix = np.cumprod([1, *sizes[:0:-1]])[::-1]
    table = np.zeros(int(np.prod(sizes)), np.int64)
    table[(rows - low) @ radix] = wanted
    return lookup(table.tolist(), combination(radix, -int(low @ radix), variables))


def widened(e: Expr, names: Sequence[str]) -> Expr:
    """The expression with variables that are numbers at each position in place of single ones."""
    return substituted(e, {name: var(name, INTS) for name in names})


def substituted(e: Expr, known: Mapping[str, Expr]) -> Expr:
    """The expression with others in place of variables."""
    if e.op == "var":
        return known.get(e.value[0], e)
    if isinstance(e.value, Scan) or not e.args:
        return e
    return Expr(e.op, tuple(substituted(a, known) for a in e.args), e.value)


def valued(e: Expr, variables: Mapping[str, Int[np.ndarray, "n length"]], lengths: Int[np.ndarray, " n"]) -> np.ndarray:
    """What an expression of variables is, [n, length]; 0 beyond the length of each."""
    batch = Batch.of(lengths, **dict(variables))
    found = evaluate(e, batch).astype(np.int64)
    return found if found.ndim == 2 else np.repeat(found[:, None], next(iter(variables.values())).shape[1], axis=1)
