"""The secret rules as programs, a line a family: what a program that was read is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fairfight.parts.programs import (
    Expr,
    Program,
    Space,
    as_int,
    eq,
    if_,
    item,
    lookup,
    maximum,
    minimum,
    ne,
    scan,
    state,
)
from fairfight.parts.states.spelling import space_between
from fairfight.worlds.sequences.rule import Rule

S, T, U, X, Y = state(0), state(1), state(2), item(0), item(1)
Inputs = Sequence[Expr]


def _scan(x: Inputs, update: Expr | int, output: Expr | int = S, start: int = 0) -> Expr:
    """A machine with one state."""
    return scan(x, [start], [update], output)


def _window(x: Inputs, k: int, output: Expr, start: int = 0) -> Expr:
    """An output of the last ``k`` inputs, state 0 being the present one."""
    return scan(x, [start] * k, [X, *(state(i) for i in range(k - 1))], output)


def _sum(k: int) -> Expr:
    total: Expr = S
    for i in range(1, k):
        total = total + state(i)
    return total


def _alternates(k: int) -> Expr:
    found = ne(S, T)
    for i in range(1, k - 1):
        found = found & ne(state(i), state(i + 1))
    return as_int(found)


def _mode(x: Inputs, high: int) -> Expr:
    counts = [state(i) for i in range(high + 1)]
    best: Expr = lookup([high], X * 0)
    for i in reversed(range(high)):
        most = counts[i + 1]
        for c in counts[i + 2 :]:
            most = maximum(most, c)
        best = if_(counts[i] >= most, i, best)
    return scan(x, [0] * (high + 1), [counts[i] + as_int(eq(X, i)) for i in range(high + 1)], best)


WRITTEN: dict[str, Callable[..., Expr]] = {
    "current": lambda x: x[0],
    "previous": lambda x, k: _window(x, k + 1, state(k)),
    "sum": lambda x: _scan(x, S + X),
    "sum-last": lambda x, k: _window(x, k, _sum(k)),
    "difference": lambda x, k: _window(x, k + 1, S - state(k)),
    "weighted": lambda x, a, b: _window(x, 2, S * a + T * b),
    "alternating-sum": lambda x: _scan(x, X - S),
    "free-body": lambda x: scan(x, [0, 0], [S + X, T + S + X], T),
    "gravity": lambda x, g: scan(x, [0, 0], [S + X - g, T + S + X - g], T),
    "spring": lambda x: scan(x, [0, 0], [S + T + X - S, T + X - S], S),
    "magnet": lambda x: scan(x, [0, 0, 0], [S + X - U, X - U, T], S),
    "not": lambda x: 1 - x[0],
    "shift": lambda x, k: _window(x, k + 1, state(k)),
    "count-even": lambda x: _scan(x, S + 1 - X % 2),
    "count-value": lambda x, v: _scan(x, S + as_int(eq(X, v))),
    "absolute": lambda x: abs(x[0]),
    "absolute-difference": lambda x: _window(x, 2, abs(S - T)),
    "difference-absolute": lambda x: _window(x, 2, abs(S) - abs(T)),
    "repeated": lambda x: _window(x, 2, as_int(eq(S, T))),
    "alternating": lambda x, k: _window(x, k, _alternates(k)),
    "parity-last": lambda x, k: _window(x, k, _sum(k) % 2),
    "and": lambda x: x[0] * x[1],
    "or": lambda x: maximum(x[0], x[1]),
    "xor": lambda x: (x[0] + x[1]) % 2,
    "even": lambda x: 1 - x[0] % 2,
    "square": lambda x: lookup([int(round(v**0.5) ** 2 == v) for v in range(17)], x[0]),
    "bit-parity": lambda x: lookup([v.bit_count() % 2 for v in range(16)], x[0]),
    "parity": lambda x: _scan(x, (S + X) % 2),
    "parity-zeros": lambda x: _scan(x, (S + 1 - X) % 2),
    "sum-mod": lambda x, m: _scan(x, (S + X) % m),
    "affine-mod": lambda x, a, m: _scan(x, (S * a + X) % m),
    "divisible": lambda x, m: _scan(x, (S * 2 + X) % m, as_int(eq(S, 0))),
    "add-base": lambda x, b: scan(x, [0, 0], [(X + Y + S) // b, (X + Y + S) % b], T),
    "dot-parity": lambda x: _scan(x, (S + X * Y) % 2),
    "maximum": lambda x: _scan(x, maximum(S, X)),
    "minimum": lambda x: _scan(x, minimum(S, X), start=6),
    "dither": lambda x, full: scan(x, [0, 0], [(S + X) % full, (S + X) // full], T),
    "last-nonzero": lambda x: _scan(x, if_(eq(X, 0), S, X)),
    "run": lambda x, cap: scan(x, [-1, 0], [X, if_(eq(X, S), minimum(T + 1, cap), 1)], T),
    "seen": lambda x, v: _scan(x, maximum(S, as_int(eq(X, v)))),
    "mode": _mode,
    "balanced": lambda x: scan(x, [0, 0], [S + X * 2 - 1, minimum(T, S + X * 2 - 1)], as_int(eq(S, 0) & eq(T, 0))),
}  # fmt: skip


def inputs_of(secret: Rule) -> Space:
    """The inputs of a rule, as the language has them."""
    return space_between(secret.low, secret.high, secret.channels, secret.length)


def written(secret: Rule) -> Program:
    """The program of a rule."""
    space = inputs_of(secret)
    return Program(space, WRITTEN[secret.family]([space[i.name] for i in space.inputs], **secret.options))
