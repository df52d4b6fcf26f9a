"""The rules of compiled and of published transformers as programs, a line each: what a read one is compared with."""

from __future__ import annotations

from fairfight.parts.programs import (
    INTS,
    Expr,
    Input,
    Program,
    Space,
    all_,
    as_int,
    at,
    eq,
    if_,
    indices,
    item,
    last,
    length,
    minimum,
    reverse,
    scan,
    select,
    selector_width,
    shift,
    smallest,
    sort,
    state,
    total,
    var,
)

X, Y, AT, N = var("x", INTS), var("y", INTS), indices(), length()
S, T = state(0), state(1)
BEFORE, SAME = select(AT, AT, "lt"), select(X, X)
ONES = as_int(eq(X, 1))


def _sums(of: Expr) -> Expr:
    """What a sequence adds up to so far."""
    return scan([of], [0], [S + item()], S)


_OCCURRENCE = selector_width(SAME & BEFORE)
_FIRST = eq(_OCCURRENCE, 0)
_LARGER = selector_width(select(X, X, "gt") & BEFORE)
_STEP = item() * 2 - 1
_DIGITS = item(0) + item(1) + S

COMPILED: dict[str, Expr] = {
    "reverse": reverse(X),
    "shift": shift(X, 1),
    "shift-2": shift(X, 2),
    "next": shift(X, -1),
    "sort": sort(X),
    "rank": selector_width(select(X, X, "lt") | (SAME & BEFORE)),
    "histogram": selector_width(SAME),
    "length": N,
    "count-ones": total(ONES),
    "ones-so-far": _sums(ONES),
    "parity": total(ONES) % 2,
    "prefix-parity": _sums(ONES) % 2,
    "fraction-percent": _sums(ONES) * 100 // (AT + 1),
    "mostly-ones-so-far": as_int(_sums(ONES) * 2 > AT),
    "majority": as_int(total(ONES) * 2 > N),
    "balanced": scan([ONES], [0, 0], [S + _STEP, minimum(T, S + _STEP)], as_int(eq(S, 0) & eq(T, 0))),
    "occurrence": _OCCURRENCE,
    "first": as_int(_FIRST),
    "distinct": total(as_int(_FIRST)),
    "palindrome": as_int(all_(eq(X, reverse(X)))),
    "ascending": as_int(all_(shift(X, 1) <= X)),
    "minimum": smallest(X),
    "median": at(sort(X), (N - 1) // 2),
    "greater-before": _LARGER,
    "record": as_int(eq(_LARGER, 0)),
    "repeated": as_int(eq(shift(X, 1), X) & (AT > 0)),
}
"""By the names of the compiled library; ``dedupe`` is not here, since it depends on how many tokens there are."""

PUBLISHED: dict[str, Expr] = {
    "brackets": last(scan([X], [0, 0], [S - _STEP, minimum(T, S - _STEP)], as_int(eq(S, 0) & eq(T, 0)))),
    "palindromes": as_int(all_(eq(X, reverse(X)))),
    "addition": reverse(scan([reverse(X), reverse(Y)], [0, 0], [_DIGITS // 10, _DIGITS % 10], T)),
    "grokked": total(X) % 113,
    "grokked-slowly": total(X) % 113,
}
"""By the names of the published networks."""


def compiled(name: str, tokens: int, longest: int) -> Program:
    """The program of a compiled transformer."""
    space = Space((Input("x", INTS, 0, tokens - 1),), (1, longest))
    return Program(space, if_(_FIRST, X, tokens) if name == "dedupe" else COMPILED[name])


def published(name: str, space: Space) -> Program:
    """The program of a published transformer, over its inputs."""
    return Program(space, PUBLISHED[name])
