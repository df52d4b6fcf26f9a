"""Where a head looks, as a selector: comparisons of variables at two positions, and what these are joined by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from jaxtyping import Bool, Int

from fairfight.parts.heads.variables import Column, coded, departures, expressed, valued
from fairfight.parts.programs import INTS, Expr, select, var

Seen = Bool[np.ndarray, " m"]
OPERATORS = {"eq": np.equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
SHIFTS = (1, -1, 2, -2)
FEW = 400
"""Comparisons of which pairs are tried."""
SOME = 2000
"""Pairs of positions that are looked at first."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of positions of the same sequence: the variables at the one that is looked at and at the one that looks."""

    keys: Mapping[str, Column]
    queries: Mapping[str, Column]
    seen: Seen
    slack: float = 0.0
    """Share of the pairs in which a selector may be wrong."""

    def fits(self, found: Seen) -> bool:
        """Whether a selector is right."""
        return int((found != self.seen).sum()) <= self.slack * len(self.seen)

    def within(self, found: Seen) -> bool:
        """Whether a selector sees nothing else."""
        return int((found & ~self.seen).sum()) <= self.slack * len(self.seen) / 2

    def covers(self, found: Seen) -> bool:
        """Whether a selector sees all."""
        return int((self.seen & ~found).sum()) <= self.slack * len(self.seen) / 2


Atom = tuple[Seen, Expr]


def selector(pairs: Pairs) -> Expr | None:
    """The simplest selector that sees what a head sees, or nothing."""
    if pairs.seen.all():
        return select(0, 0)
    atoms = list(_atoms(pairs))
    for found, e in atoms:
        if pairs.fits(found):
            return e
    for way in (_joined, _masked, _matched):
        joined = way(pairs, atoms)
        if joined is not None:
            return joined
    return None


def _atoms(pairs: Pairs) -> Iterator[Atom]:
    """Comparisons of a key with a query, with the next numbers too, and of either with constants."""
    for (k, a), (q, b) in product(pairs.keys.items(), pairs.queries.items()):
        for op, compare in OPERATORS.items():
            yield compare(a, b), select(var(k, INTS), var(q, INTS), op)
    for (k, a), (q, b) in product(pairs.keys.items(), pairs.queries.items()):
        for shift in SHIFTS:
            yield a == b + shift, select(var(k, INTS), var(q, INTS) + shift if shift > 0 else var(q, INTS) - -shift)
    for (k, a), op in product(pairs.keys.items(), ("eq", "le", "gt")):
        for c in np.unique(a)[:12]:
            yield OPERATORS[op](a, c), select(var(k, INTS), int(c), op)
    for (q, b), op in product(pairs.queries.items(), ("eq", "le", "gt")):
        for c in np.unique(b)[:12]:
            yield OPERATORS[op](b, c), select(int(c), var(q, INTS), {"eq": "eq", "le": "ge", "gt": "lt"}[op])


def _joined(pairs: Pairs, atoms: list[Atom]) -> Expr | None:
    """Two comparisons that both hold, or either of two, or one or else two others together."""
    wide = [a for a in atoms if pairs.covers(a[0]) and not a[0].all()][:FEW]
    for (a, e), (b, f) in combinations(wide, 2):
        if pairs.fits(a & b):
            return e & f
    narrow = [a for a in atoms if pairs.within(a[0]) and a[0].any()][:FEW]
    for (a, e), (b, f) in combinations(narrow, 2):
        if pairs.fits(a | b):
            return e | f
    for a, e in sorted(narrow, key=lambda atom: -int(atom[0].sum()))[:8]:
        left = pairs.seen & ~a
        rest = [(b, f) for b, f in atoms if int((left & ~b).sum()) <= pairs.slack * len(left) / 2][:FEW]
        for (b, f), (c, g) in combinations(rest, 2):
            if pairs.fits(a | (b & c)):
                return e | (f & g)
    return None


def _masked(pairs: Pairs, atoms: list[Atom]) -> Expr | None:
    """A comparison, where something holds of the key, or of the query."""
    everywhere: Atom = (np.ones_like(pairs.seen), select(0, 0))
    wide = [everywhere, *(a for a in atoms if pairs.covers(a[0]) and not a[0].all())]
    for (inside, e), keys in product(wide[:60], (True, False)):
        columns = {n: c[inside] for n, c in (pairs.keys if keys else pairs.queries).items()}
        share = pairs.slack * len(inside) / max(int(inside.sum()), 1)
        holds = expressed(columns, pairs.seen[inside].astype(np.int64), slack=share)
        if holds is None:
            continue
        mask = select(holds, 1) if keys else select(1, holds)
        return mask if e is everywhere[1] else e & mask
    return None


def _matched(pairs: Pairs, _: list[Atom]) -> Expr | None:
    """A number of the key that equals a number of the query, whatever they are made of."""
    seen = pairs.seen.astype(np.int64)
    for m, n in ((1, 1), (1, 2), (2, 1), (2, 2)):
        for a, b in product(combinations(pairs.keys, m), combinations(pairs.queries, n)):
            columns = [*(pairs.keys[k] for k in a), *(pairs.queries[q] for q in b)]
            if departures([c[:SOME] for c in columns], seen[:SOME]) > pairs.slack * SOME:
                continue
            if departures(columns, seen) <= pairs.slack * len(seen):
                e = _classes(pairs, a, b)
                if e is not None:
                    return e
    return None


def _classes(pairs: Pairs, a: tuple[str, ...], b: tuple[str, ...]) -> Expr | None:
    """Keys and queries that are alike get one number; a query's is that of the keys it sees."""
    rows = len(pairs.seen)
    key, query = (
        np.unique(coded([side[n] for n in names], rows), return_inverse=True)[1]
        for side, names in ((pairs.keys, a), (pairs.queries, b))
    )
    met = np.zeros((query.max() + 1, key.max() + 1), np.int64)
    saw = np.zeros_like(met)
    np.add.at(met, (query, key), 1)
    np.add.at(saw, (query, key), pairs.seen)
    table = 2 * saw > met
    number = np.full(len(table.T), -1)
    if len(a) == 1:  # the variable itself, if every query sees one value of it
        number[key] = pairs.keys[a[0]]
        if (table.sum(1) > 1).any():
            number[:] = -1
    if (number < 0).all():
        for k in range(len(number)):  # keys that are seen by the same queries, as far as they were met
            alike = [
                j for j in range(k) if not ((table[:, j] != table[:, k]) & (met[:, j] > 0) & (met[:, k] > 0)).any()
            ]
            number[k] = number[alike[0]] if len(alike) else number[:k].max(initial=-1) + 1
    label = np.full(len(table), -1)
    for q, sees in enumerate(table):
        some = np.unique(number[sees])
        if len(some) > 1:
            return None
        label[q] = some[0] if len(some) else -1
    # A query that sees nothing it has met tells nothing of its number.
    told = {n: pairs.queries[n][label[query] >= 0] for n in b}
    found = expressed(told, label[query][label[query] >= 0])
    left = expressed({n: pairs.keys[n] for n in a}, number[key])
    if found is None or left is None:
        return None
    both = select(left, found)
    if _right(pairs, left, found):
        return both
    found = expressed({n: pairs.queries[n] for n in b}, label[query])
    return None if found is None or not _right(pairs, left, found) else select(left, found)


def _right(pairs: Pairs, left: Expr, right: Expr) -> bool:
    """Whether position by position expressions of keys and of queries are equal where the head looks."""
    return pairs.fits(_flat(left, pairs.keys) == _flat(right, pairs.queries))


def _flat(e: Expr, columns: Mapping[str, Column]) -> Int[np.ndarray, " m"]:
    rows = len(next(iter(columns.values())))
    return valued(e, {n: c[:, None] for n, c in columns.items()}, np.ones(rows, np.int64))[:, 0]
