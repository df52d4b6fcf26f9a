"""Functions that make expressions which Python's operators do not."""

from __future__ import annotations

from collections.abc import Sequence

from fairfight.parts.programs.expressions import BOOL, INT, Expr, Scan, Type, lift


def const(value: int | bool) -> Expr:
    """A constant."""
    return lift(value)


def var(name: str, kind: Type) -> Expr:
    """A variable."""
    return Expr("var", (), (name, kind.value))


def state(k: int = 0) -> Expr:
    """The state ``k`` inside a scan."""
    return var(f"s{k}", INT)


def item(k: int = 0, kind: Type = INT) -> Expr:
    """The item ``k`` inside a scan."""
    return var(f"x{k}", kind)


def flag(k: int = 0) -> Expr:
    """The item ``k`` inside a scan, where it is a truth value."""
    return item(k, BOOL)


def eq(a: Expr, b: Expr | int) -> Expr:
    """Whether two numbers are equal."""
    return Expr("eq", (a, lift(b)))


def ne(a: Expr, b: Expr | int) -> Expr:
    """Whether two numbers differ."""
    return Expr("ne", (a, lift(b)))


def minimum(a: Expr, b: Expr | int) -> Expr:
    """The smaller of two numbers."""
    return Expr("min", (a, lift(b)))


def maximum(a: Expr, b: Expr | int) -> Expr:
    """The larger of two numbers."""
    return Expr("max", (a, lift(b)))


def as_int(a: Expr) -> Expr:
    """1 for true, 0 for false."""
    return Expr("int", (a,))


def if_(condition: Expr, then: Expr | int, otherwise: Expr | int) -> Expr:
    """One of two values."""
    return Expr("if", (condition, lift(then), lift(otherwise)))


def lookup(table: Sequence[int], index: Expr) -> Expr:
    """The value of a constant table at a place; 0 outside the table."""
    return Expr("lookup", (index,), tuple(int(v) for v in table))


def indices() -> Expr:
    """Each position's number, from 0."""
    return Expr("indices")


def length() -> Expr:
    """How many positions there are."""
    return Expr("length")


def at(sequence: Expr, index: Expr | int) -> Expr:
    """A sequence's value at a place; 0 or false outside the sequence."""
    return Expr("at", (sequence, lift(index)))


def last(sequence: Expr) -> Expr:
    """A sequence's value at the last position."""
    return at(sequence, length() - 1)


def shift(sequence: Expr, by: int) -> Expr:
    """At each position what stood so many positions before; 0 or false where there was none."""
    return at(sequence, indices() - by)


def reverse(sequence: Expr) -> Expr:
    """A sequence from its end to its beginning."""
    return Expr("reverse", (sequence,))


def sort(sequence: Expr) -> Expr:
    """A sequence in ascending order."""
    return Expr("sort", (sequence,))


def order(sequence: Expr) -> Expr:
    """The positions in ascending order of their values, equal ones from left to right."""
    return Expr("order", (sequence,))


def total(sequence: Expr) -> Expr:
    """The sum over positions."""
    return Expr("sum", (sequence,))


def largest(sequence: Expr) -> Expr:
    """The largest value."""
    return Expr("largest", (sequence,))


def smallest(sequence: Expr) -> Expr:
    """The smallest value."""
    return Expr("smallest", (sequence,))


def any_(sequence: Expr) -> Expr:
    """Whether it is true anywhere."""
    return Expr("any", (sequence,))


def all_(sequence: Expr) -> Expr:
    """Whether it is true everywhere."""
    return Expr("all", (sequence,))


def select(keys: Expr | int, queries: Expr | int, predicate: str = "eq") -> Expr:
    """Position i looks at position j where ``keys[j] predicate queries[i]``: eq, ne, lt, le, gt or ge."""
    return Expr("select", (lift(keys), lift(queries)), predicate)


def selector_width(selector: Expr) -> Expr:
    """How many positions each position looks at."""
    return Expr("selector_width", (selector,))


def aggregate(selector: Expr, values: Expr | int) -> Expr:
    """The mean of what each position looks at, rounded down; 0 where it looks at nothing.

    There are whole numbers only: write a fraction scaled, ``100 * aggregate_sum(s, v) // selector_width(s)``.
    """
    return Expr("aggregate", (selector, lift(values)))


def aggregate_sum(selector: Expr, values: Expr | int) -> Expr:
    """The sum of what each position looks at."""
    return Expr("aggregate_sum", (selector, lift(values)))


def scan(
    items: Sequence[Expr | int], initial: Sequence[int], updates: Sequence[Expr | int], output: Expr | int
) -> Expr:
    """A state machine along the positions.

    Args:
        items: Sequences that it reads, ``item(0)``, ``item(1)`` … in the updates and the output.
        initial: The states before the first position.
        updates: The new states, of the old states (``state(0)`` …) and the items.
        output: What is given at a position, of the new states and the items.
    """
    rule = Scan(tuple(initial), tuple(lift(u) for u in updates), lift(output))
    return Expr("scan", tuple(lift(i) for i in items), rule)
