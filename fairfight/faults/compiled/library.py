"""Programs that are compiled: a line or two each, over tokens from 0 and positions from 0."""

# ruff: noqa: E501 (a program a line)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import eq

import numpy as np
import torch

from fairfight.errors import unknown
from fairfight.faults.compiled.compiler import compiled, hidden
from fairfight.faults.compiled.rasp import Indices, Map, Mean, Op, Pick, Select, Tokens, Value, Width, evaluate
from fairfight.seeds import numpy_rng, torch_rng
from fairfight.subject.sequences import SequenceSubject, Space
from fairfight.subject.transformer import sites


class Words:
    """What programs are written with, for some number of tokens and some longest sequence."""

    def __init__(self, tokens: int, longest: int) -> None:
        """See :class:`CompiledRecipe`."""
        self.n, self.values = longest, tokens
        self.tokens, self.indices = Tokens(tokens), Indices(longest)
        self.everywhere = Select(self.indices, self.indices, lambda k, q: True)

    def count(self, keys: Op, queries: Op, predicate: Callable[[int, int], bool]) -> Op:
        """How many positions a selection has."""
        return Width(Select(keys, queries, predicate), self.n)

    def pick(self, keys: Op, queries: Op, of: Op, default: int = 0) -> Op:
        """The value where keys equal queries."""
        return Pick(Select(keys, queries, eq), of, default)

    def length(self) -> Op:
        """How long the sequence is, at every position."""
        return Width(self.everywhere, self.n)

    def placed(self, of: Op, base: int) -> Op:
        """A value and its position in one number: ``value * base + position``."""
        return Map(lambda v, i: v * base + i, (of, self.indices))

    def rank(self) -> Op:
        """The place of each token in the sorted sequence, equal ones from left to right."""
        code = self.placed(self.tokens, self.n)
        return self.count(code, code, lambda k, q: k < q)

    def so_far(self, of: Op, value: int) -> Op:
        """How often a value has come, with the present position."""
        held = Map(lambda v, i: i if v == value else self.n, (of, self.indices))
        return self.count(held, self.indices, lambda k, q: k <= q)

    def fraction(self, value: int) -> Op:
        """Which share of the positions so far hold a token."""
        is_it = Map(lambda v: int(v == value), (self.tokens,))
        return Mean(Select(self.indices, self.indices, lambda k, q: k <= q), is_it, self.n)

    def occurrence(self) -> Op:
        """How often the present token has come before."""
        code = self.placed(self.tokens, self.n)
        return self.count(code, code, lambda k, q: k // self.n == q // self.n and k < q)


def _flip(w: Words) -> Op:
    return w.pick(w.indices, Map(lambda a, i: max(a - 1 - i, 0), (w.length(), w.indices)), w.tokens)


def _shift(w: Words, by: int) -> Op:
    return Pick(Select(w.indices, w.indices, lambda k, q: k == q - by), w.tokens)


def _repeated(w: Words) -> Op:
    before = Pick(Select(w.indices, w.indices, lambda k, q: k == q - 1), w.tokens, default=w.values)
    return Map(lambda a, b: int(a == b), (before, w.tokens))


def _sorted(w: Words) -> Op:
    return w.pick(w.rank(), w.indices, w.tokens)


def _histogram(w: Words) -> Op:
    return w.count(w.tokens, w.tokens, eq)


def _balanced(w: Words) -> Op:
    """1 where the brackets so far (1 opens, all else closes) are balanced."""
    opened = w.so_far(w.tokens, 1)
    depth = Map(lambda a, i: max(min(2 * a - (i + 1), 1), -1), (opened, w.indices))
    under = Map(lambda d, i: i if d < 0 else w.n, (depth, w.indices))
    below = w.count(under, w.indices, lambda k, q: k <= q)
    return Map(lambda d, b: int(d == 0 and b == 0), (depth, below))


def _first(w: Words) -> Op:
    return Map(lambda c: int(c == 0), (w.occurrence(),))


def _distinct(w: Words) -> Op:
    return w.count(_first(w), w.indices, lambda k, q: k == 1)


def _mirrored(w: Words) -> Op:
    differs = Map(lambda a, b: int(a != b), (_flip(w), w.tokens))
    return Map(lambda c: int(c == 0), (w.count(differs, w.indices, lambda k, q: k == 1),))


def _ascending(w: Words) -> Op:
    falls = Map(lambda a, b: int(a > b), (_shift(w, 1), w.tokens))
    return Map(lambda c: int(c == 0), (w.count(falls, w.indices, lambda k, q: k == 1),))


def _middle(w: Words) -> Op:
    return w.pick(w.rank(), Map(lambda a: (a - 1) // 2 if a else 0, (w.length(),)), w.tokens)


def _majority(w: Words) -> Op:
    ones = w.count(w.tokens, w.indices, lambda k, q: k == 1)
    return Map(lambda a, b: int(2 * a > b), (ones, w.length()))


def _greater_before(w: Words) -> Op:
    code = w.placed(w.tokens, w.n)
    return w.count(code, code, lambda k, q: k // w.n > q // w.n and k % w.n < q % w.n)


PROGRAMS: dict[str, tuple[str, Callable[[Words], Op]]] = {
    "reverse": ("the sequence from its end", _flip),
    "shift": ("the token one place before", lambda w: _shift(w, 1)),
    "shift-2": ("the token two places before", lambda w: _shift(w, 2)),
    "next": ("the token one place after", lambda w: _shift(w, -1)),
    "sort": ("the tokens in ascending order", _sorted),
    "rank": ("the place of the token in that order", Words.rank),
    "histogram": ("how often the token occurs", _histogram),
    "length": ("how long the sequence is", Words.length),
    "count-ones": ("how many ones there are", lambda w: w.count(w.tokens, w.indices, lambda k, q: k == 1)),
    "ones-so-far": ("how many ones there are so far", lambda w: w.so_far(w.tokens, 1)),
    "parity": ("parity of the number of ones", lambda w: Map(lambda c: c % 2, (w.count(w.tokens, w.indices, lambda k, q: k == 1),))),
    "prefix-parity": ("parity of the number of ones so far", lambda w: Map(lambda c: c % 2, (w.so_far(w.tokens, 1),))),
    "fraction-percent": ("the share of ones so far, in percent, rounded down", lambda w: Map(lambda f: int(100 * f), (w.fraction(1),))),
    "mostly-ones-so-far": ("whether at least half of the tokens so far are ones", lambda w: Map(lambda f: int(2 * f >= 1), (w.fraction(1),))),
    "majority": ("whether more than half of the tokens are ones", _majority),
    "balanced": ("whether the brackets so far are balanced", _balanced),
    "occurrence": ("how often the token has come before", Words.occurrence),
    "first": ("whether the token comes for the first time", _first),
    "dedupe": ("the token where it comes for the first time, else one more than the largest", lambda w: Map(lambda f, v: v if f else w.values, (_first(w), w.tokens))),
    "distinct": ("how many different tokens there are", _distinct),
    "palindrome": ("whether the sequence is its own reverse", _mirrored),
    "ascending": ("whether the tokens never fall", _ascending),
    "minimum": ("the smallest token", lambda w: Pick(Select(w.rank(), w.indices, lambda k, q: k == 0), w.tokens)),
    "median": ("the lower median", _middle),
    "greater-before": ("how many larger tokens come before", _greater_before),
    "record": ("whether no larger token comes before", lambda w: Map(lambda c: int(c == 0), (_greater_before(w),))),
    "repeated": ("whether the token is the one before", _repeated),
}  # fmt: skip
"""What each gives, and how it is written."""


@dataclass(frozen=True)
class CompiledRecipe:
    """A compiled program."""

    program: str
    tokens: int = 3
    longest: int = 8
    turned: bool = False
    """Whether its directions are hidden by random rotations."""
    noise: float = 0.0
    """What is added to its weights; see :func:`compiler.hidden`."""
    seed: int = 0


@dataclass(frozen=True)
class CompiledOrganism:
    """A subject whose weights were written from a program."""

    recipe: CompiledRecipe
    subject: SequenceSubject
    op: Op
    text: str
    circuit: dict[str, tuple[str, ...]]
    """Components, and from which others each reads; of the names before any rotation, which keeps heads and layers."""
    edges: dict[tuple[str, str], tuple[Op, ...]]
    """What reads from what, queries, keys and values apart, and which operations; see :meth:`compiler.Plan.edges`."""

    def rule(self, values: np.ndarray) -> np.ndarray:
        """What the program gives for inputs [n, length, 1]: outputs [n, length]."""
        rows = [[int(v) for v in evaluate(self.op, row)] for row in values[..., 0].tolist()]
        return np.array(rows, dtype=np.int64)

    def carried(self, values: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
        """What each true edge carries of inputs [n, length, 1]: a number for each value, [n, 1 + length].

        The first token, which comes before the inputs, has 0.
        """
        seen: list[dict[Op, list[Value]]] = []
        for row in values[..., 0].tolist():
            seen.append({})
            evaluate(self.op, row, seen[-1])
        found = {}
        for edge, ops in self.edges.items():
            columns = np.array([[known[op] for op in ops] for known in seen], dtype=float)
            flat = columns.transpose(0, 2, 1).reshape(-1, len(ops))
            numbers = np.unique(flat, axis=0, return_inverse=True)[1].reshape(values.shape[:2])
            found[edge] = np.pad(numbers, ((0, 0), (1, 0)))
        return found

    def agreement(self, n: int = 128) -> float:
        """Share of answers that are the program's on some inputs of each length."""
        shares = []
        for length in range(1, self.recipe.longest + 1):
            rng = numpy_rng(self.recipe.seed, "agreement", self.recipe.program, length)
            values = rng.integers(0, self.recipe.tokens, (n, length, 1))
            shares.append((self.subject.decide(torch.from_numpy(values)).numpy() == self.rule(values)).mean())
        return float(np.mean(shares))


LOUDEST = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
"""Noise that is tried, the loudest first."""
BEARABLE = 0.999
"""Share of answers that have to stay as they were."""


def hide(recipe: CompiledRecipe) -> CompiledOrganism:
    """The same with its directions turned at random, and with the most noise that it bears."""
    for noise in LOUDEST:
        found = build(replace(recipe, turned=True, noise=noise))
        if found.agreement() >= BEARABLE:
            return found
    return build(replace(recipe, turned=True))


def build(recipe: CompiledRecipe) -> CompiledOrganism:
    """Write the weights of a program; milliseconds, so nothing is cached.

    Raises:
        UserError: There is no such program.
    """
    if recipe.program not in PROGRAMS:
        raise unknown("compiled program", recipe.program, PROGRAMS)
    text, write = PROGRAMS[recipe.program]
    op = write(Words(recipe.tokens, recipe.longest))
    net, plan = compiled(op, recipe.tokens, recipe.longest)
    if recipe.turned or recipe.noise:
        hidden(net, torch_rng(recipe.seed, "hidden", recipe.program), recipe.noise)
    space = Space(0, recipe.tokens - 1, 1, recipe.longest, recipe.longest)
    answers = int(op.domain[0]), int(op.domain[-1])
    subject = SequenceSubject(net, "compiled transformer", space, answers, sites(plan.layers))
    return CompiledOrganism(recipe, subject, op, text, plan.circuit(), plan.edges())
