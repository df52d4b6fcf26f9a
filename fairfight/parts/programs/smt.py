"""Programs as formulas for z3, at a fixed length of sequences (de Moura & Bjørner 2008)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairfight.parts.programs.expressions import ELEMENTWISE, Expr, Scan
from fairfight.parts.programs.program import Program
from fairfight.parts.programs.spaces import Space

MOST_TERMS = 200_000
"""Size of a formula beyond which none is made."""


class TooManyTerms(Exception):
    """The formula would be too large."""


def difference(a: Program, b: Program, space: Space, length: int, seconds: float) -> Mapping[str, Any] | bool | None:
    """Inputs of a length on which two programs differ.

    Args:
        a: A program.
        b: Another of the same type.
        space: The inputs considered.
        length: How many positions each sequence has.
        seconds: Time for the solver.

    Returns:
        An input, as Python values by name; False if there is none; None if the solver did not decide.
    """
    import z3

    solver = z3.Solver()
    solver.set("timeout", int(1000 * seconds))
    inputs: dict[str, Any] = {}
    for i in space.inputs:
        make = z3.Bool if i.type.boolean else z3.Int
        names = [f"{i.name}_{k}" for k in range(length)] if i.type.rank else [i.name]
        variables = [make(name) for name in names]
        if not i.type.boolean:
            solver.add(*(v >= i.low for v in variables), *(v <= i.high for v in variables))
        inputs[i.name] = variables if i.type.rank else variables[0]
    try:
        left, right = (Formula(z3, inputs, length)(p.body) for p in (a, b))
    except TooManyTerms:
        return None
    pairs = list(zip(left, right, strict=True)) if a.type.rank else [(left, right)]
    solver.add(z3.Or(*(x != y for x, y in pairs)))
    answer = solver.check()
    if answer == z3.unsat:
        return False
    if answer != z3.sat:
        return None
    model = solver.model()

    def value(v: Any) -> int | bool:
        found = model.eval(v, model_completion=True)
        return bool(z3.is_true(found)) if z3.is_bool(found) else int(found.as_long())

    return {k: [value(x) for x in v] if isinstance(v, list) else value(v) for k, v in inputs.items()}


class Formula:
    """Turns expressions into formulas: single values are terms, sequences are lists of terms, selectors lists of lists.

    Numbers are whole and without bounds, so that they agree with the language wherever it does not refuse them.
    """

    def __init__(self, z3: Any, inputs: Mapping[str, Any], length: int) -> None:
        self._z3, self._inputs, self._n = z3, inputs, length
        self._known: dict[Expr, Any] = {}
        self._terms = 0

    def __call__(self, e: Expr) -> Any:
        """The formula of an expression."""
        if e not in self._known:
            self._known[e] = self._make(e)
        return self._known[e]

    def _make(self, e: Expr) -> Any:
        if e.op == "const":
            return self._constant(e.value)
        if e.op == "var":
            return self._inputs[e.value[0]]
        if e.op == "length":
            return self._z3.IntVal(self._n)
        if e.op == "indices":
            return [self._z3.IntVal(k) for k in range(self._n)]
        if e.op == "scan":
            return self._scan(e)
        args = [self(a) for a in e.args]
        if e.op in ELEMENTWISE:
            if e.type.rank == 2:
                grid = range(self._n)
                return [[self._single(e, [a[i][j] for a in args]) for j in grid] for i in grid]
            if e.type.rank == 0:
                return self._single(e, args)
            return [self._single(e, [self._spread(a)[k] for a in args]) for k in range(self._n)]
        return getattr(self, f"_{e.op}")(e, *args)

    def _constant(self, value: int | bool) -> Any:
        return self._z3.BoolVal(value) if type(value) is bool else self._z3.IntVal(value)

    def _spread(self, a: Any) -> list[Any]:
        return a if isinstance(a, list) else [a] * self._n

    def _single(self, e: Expr, a: list[Any]) -> Any:
        """An operation on single values."""
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise TooManyTerms
        z3 = self._z3
        if e.op in ("floordiv", "mod"):
            return self._divided(e.op, *a)
        if e.op == "lookup":
            found = z3.IntVal(0)
            for k, v in enumerate(e.value):
                found = z3.If(a[0] == k, z3.IntVal(v), found)
            return found
        make = {
            "add": lambda: a[0] + a[1],
            "sub": lambda: a[0] - a[1],
            "mul": lambda: a[0] * a[1],
            "min": lambda: z3.If(a[0] <= a[1], a[0], a[1]),
            "max": lambda: z3.If(a[0] >= a[1], a[0], a[1]),
            "neg": lambda: -a[0],
            "abs": lambda: z3.If(a[0] >= 0, a[0], -a[0]),
            "int": lambda: z3.If(a[0], z3.IntVal(1), z3.IntVal(0)),
            "eq": lambda: a[0] == a[1],
            "ne": lambda: a[0] != a[1],
            "lt": lambda: a[0] < a[1],
            "le": lambda: a[0] <= a[1],
            "and": lambda: z3.And(*a),
            "or": lambda: z3.Or(*a),
            "xor": lambda: z3.Xor(*a),
            "not": lambda: z3.Not(a[0]),
            "if": lambda: z3.If(*a),
        }
        return make[e.op]()

    def _divided(self, op: str, a: Any, b: Any) -> Any:
        """Rounded down as in Python, and 0 for a divisor of 0; z3 rounds so that the rest is never negative."""
        z3 = self._z3
        down = z3.If(b == 0, z3.IntVal(0), z3.If(b > 0, a / b, (-a) / (-b)))
        return down if op == "floordiv" else z3.If(b == 0, z3.IntVal(0), a - b * down)

    def _scan(self, e: Expr) -> list[Any]:
        rule: Scan = e.value
        items = [self._spread(self(a)) for a in e.args]
        now = [self._z3.IntVal(v) for v in rule.initial]
        out = []
        for t in range(self._n):
            names = {f"x{k}": i[t] for k, i in enumerate(items)}
            before = names | {f"s{k}": s for k, s in enumerate(now)}
            now = [self._inside(u, before) for u in rule.updates]
            out.append(self._inside(rule.output, names | {f"s{k}": s for k, s in enumerate(now)}))
        return out

    def _inside(self, e: Expr, names: Mapping[str, Any]) -> Any:
        if e.op == "var":
            return names[e.value[0]]
        if e.op == "const":
            return self._constant(e.value)
        return self._single(e, [self._inside(a, names) for a in e.args])

    # Whole sequences; each is called with the expression and the formulas of its arguments

    def _sum(self, e: Expr, a: Any) -> Any:
        return self._z3.Sum(*self._spread(a))

    def _largest(self, e: Expr, a: Any) -> Any:
        return self._fold(self._spread(a), lambda x, y: self._z3.If(x >= y, x, y))

    def _smallest(self, e: Expr, a: Any) -> Any:
        return self._fold(self._spread(a), lambda x, y: self._z3.If(x <= y, x, y))

    @staticmethod
    def _fold(values: list[Any], join: Any) -> Any:
        found = values[0]
        for v in values[1:]:
            found = join(found, v)
        return found

    def _any(self, e: Expr, a: Any) -> Any:
        return self._z3.Or(*self._spread(a))

    def _all(self, e: Expr, a: Any) -> Any:
        return self._z3.And(*self._spread(a))

    def _reverse(self, e: Expr, a: Any) -> list[Any]:
        return self._spread(a)[::-1]

    def _at(self, e: Expr, a: Any, index: Any) -> Any:
        nothing = self._constant(False if e.type.boolean else 0)

        def pick(place: Any) -> Any:
            self._terms += self._n
            found = nothing
            for k, v in enumerate(a):
                found = self._z3.If(place == k, v, found)
            return found

        return [pick(p) for p in index] if isinstance(index, list) else pick(index)

    def _ranks(self, a: list[Any]) -> list[Any]:
        """Where each value goes when they are put in order."""
        z3 = self._z3
        if self._n * self._n + self._terms > MOST_TERMS:
            raise TooManyTerms
        self._terms += self._n * self._n
        one, zero = z3.IntVal(1), z3.IntVal(0)
        return [
            z3.Sum(*(z3.If((w <= v) if j < k else (w < v), one, zero) for j, w in enumerate(a) if j != k), zero)
            for k, v in enumerate(a)
        ]

    def _sort(self, e: Expr, a: Any) -> list[Any]:
        values = self._spread(a)
        return self._placed(self._ranks(values), values)

    def _order(self, e: Expr, a: Any) -> list[Any]:
        values = self._spread(a)
        return self._placed(self._ranks(values), [self._z3.IntVal(k) for k in range(self._n)])

    def _placed(self, ranks: list[Any], values: list[Any]) -> list[Any]:
        z3, zero = self._z3, self._z3.IntVal(0)
        return [z3.Sum(*(z3.If(r == k, v, zero) for r, v in zip(ranks, values, strict=True))) for k in range(self._n)]

    def _select(self, e: Expr, keys: Any, queries: Any) -> list[list[Any]]:
        self._terms += self._n * self._n
        if self._terms > MOST_TERMS:
            raise TooManyTerms
        compare = {
            "eq": lambda x, y: x == y,
            "ne": lambda x, y: x != y,
            "lt": lambda x, y: x < y,
            "le": lambda x, y: x <= y,
            "gt": lambda x, y: x > y,
            "ge": lambda x, y: x >= y,
        }[e.value]
        return [[compare(k, q) for k in self._spread(keys)] for q in self._spread(queries)]

    def _selector_width(self, e: Expr, s: list[list[Any]]) -> list[Any]:
        return self._aggregate_sum(e, s, self._z3.IntVal(1))

    def _aggregate_sum(self, e: Expr, s: list[list[Any]], a: Any) -> list[Any]:
        z3, zero = self._z3, self._z3.IntVal(0)
        return [z3.Sum(*(z3.If(seen, v, zero) for seen, v in zip(row, self._spread(a), strict=True))) for row in s]

    def _aggregate(self, e: Expr, s: list[list[Any]], a: Any) -> list[Any]:
        totals, counts = self._aggregate_sum(e, s, a), self._selector_width(e, s)
        return [self._divided("floordiv", t, c) for t, c in zip(totals, counts, strict=True)]
