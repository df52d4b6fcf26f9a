"""A small RASP (Weiss et al. 2021): sequences made of sequences by maps, selections and aggregations.

A value is *categorical* (one of a few whole numbers, a direction for each) or a *mean* (one direction, one of a few
fractions). What an operation means is :func:`evaluate`; what its weights are is in :mod:`compiler`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

Value = int | Fraction


@dataclass(frozen=True, eq=False)
class Op:
    """A sequence; equal only to itself, so that what is used twice is computed once."""

    @property
    def domain(self) -> tuple[Value, ...]:
        """Values it can have, in ascending order."""
        raise NotImplementedError

    @property
    def inputs(self) -> tuple[Op, ...]:
        """What it is made of."""
        return ()


@dataclass(frozen=True, eq=False)
class Tokens(Op):
    """The inputs, from 0."""

    values: int

    @property
    def domain(self) -> tuple[Value, ...]:
        """All tokens."""
        return tuple(range(self.values))


@dataclass(frozen=True, eq=False)
class Indices(Op):
    """Positions, from 0."""

    longest: int

    @property
    def domain(self) -> tuple[Value, ...]:
        """All positions."""
        return tuple(range(self.longest))


@dataclass(frozen=True, eq=False)
class Map(Op):
    """A function of one or two sequences, position by position; of two only where both are categorical."""

    function: Callable[..., int]
    args: tuple[Op, ...]

    @property
    def inputs(self) -> tuple[Op, ...]:
        """What is mapped."""
        return self.args

    @cached_property
    def domain(self) -> tuple[Value, ...]:  # type: ignore[override]
        """All values of the function."""
        if len(self.args) == 1:
            return tuple(sorted({self.function(v) for v in self.args[0].domain}))
        return tuple(sorted({self.function(v, w) for v in self.args[0].domain for w in self.args[1].domain}))


@dataclass(frozen=True)
class Select:
    """Position i looks at position j where ``predicate(keys[j], queries[i])``; both are categorical."""

    keys: Op
    queries: Op
    predicate: Callable[[int, int], bool]


@dataclass(frozen=True, eq=False)
class Mean(Op):
    """The mean of what is looked at, 0 where nothing is."""

    select: Select
    of: Op
    longest: int

    @property
    def inputs(self) -> tuple[Op, ...]:
        """Keys, queries, and what is averaged."""
        return self.select.keys, self.select.queries, self.of

    @cached_property
    def domain(self) -> tuple[Value, ...]:  # type: ignore[override]
        """Means of at most so many zeros and ones."""
        assert self.of.domain == (0, 1), "only zeros and ones are averaged: their means are few"
        return tuple(sorted({Fraction(i, j) for j in range(1, self.longest + 1) for i in range(j + 1)}))


@dataclass(frozen=True, eq=False)
class Pick(Op):
    """The value at the one position that is looked at; a default where there is none."""

    select: Select
    of: Op
    default: int = 0

    @property
    def inputs(self) -> tuple[Op, ...]:
        """Keys, queries, and what is picked from."""
        return self.select.keys, self.select.queries, self.of

    @cached_property
    def domain(self) -> tuple[Value, ...]:  # type: ignore[override]
        """The values picked from, and the default."""
        return tuple(sorted({*self.of.domain, self.default}))


@dataclass(frozen=True, eq=False)
class Width(Op):
    """How many positions are looked at."""

    select: Select
    longest: int

    @property
    def inputs(self) -> tuple[Op, ...]:
        """Keys and queries."""
        return self.select.keys, self.select.queries

    @property
    def domain(self) -> tuple[Value, ...]:
        """From none to all."""
        return tuple(range(self.longest + 1))


def varies(op: Op) -> bool:
    """Whether an operation can tell sequences of the same length apart."""
    return isinstance(op, Tokens) or any(varies(a) for a in op.inputs)


def evaluate(op: Op, tokens: Sequence[int], known: dict[Op, list[Value]] | None = None) -> list[Value]:
    """The sequence that an operation gives for some tokens: what the compiled network must say."""
    known = {} if known is None else known
    if op not in known:
        known[op] = _evaluate(op, tokens, [evaluate(a, tokens, known) for a in op.inputs])
    return known[op]


def _evaluate(op: Op, tokens: Sequence[int], args: list[list[Value]]) -> list[Value]:
    if isinstance(op, Tokens):
        return list(tokens)
    if isinstance(op, Indices):
        return list(range(len(tokens)))
    if isinstance(op, Map):
        return [op.function(*row) for row in zip(*args, strict=True)]
    assert isinstance(op, (Mean, Pick, Width))
    keys, queries = args[0], args[1]
    seen = [[j for j, k in enumerate(keys) if op.select.predicate(int(k), int(q))] for q in queries]
    if isinstance(op, Width):
        return [len(js) for js in seen]
    if isinstance(op, Mean):
        return [Fraction(sum(int(args[2][j]) for j in js), max(len(js), 1)) for js in seen]
    assert all(len(js) < 2 for js in seen), "a pick must have one position to look at"
    return [args[2][js[0]] if js else op.default for js in seen]
