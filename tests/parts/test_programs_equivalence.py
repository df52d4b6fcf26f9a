"""Equivalence of programs: equal ones are proved so, and a planted slip is shown by an input."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from fairfight.errors import UserError
from fairfight.parts.programs import (
    BOOL,
    BOOLS,
    INT,
    INTS,
    Expr,
    Input,
    Program,
    Space,
    TooLarge,
    eq,
    if_,
    item,
    largest,
    last,
    maximum,
    minimum,
    random_program,
    scan,
    select,
    selector_width,
    sort,
    state,
    total,
)
from fairfight.parts.programs.equivalence import Equivalence, equivalent

solver = pytest.mark.skipif(find_spec("z3") is None, reason="needs z3-solver (the extra `programs`)")

BITS = Space((Input("x", INTS, 0, 1),), (1, 8))
DIGITS = Space((Input("x", INTS, 0, 9),), (1, 12))
SHORT = Space(DIGITS.inputs, (1, 6))
X = BITS["x"]


def compared(space: Space, a: Expr, b: Expr) -> Equivalence:
    found = equivalent(Program(space, a), Program(space, b))
    if found.counterexample is not None:
        given = tuple(Program(space, e).of(**found.counterexample) for e in (a, b))
        assert given == found.outputs
        assert given[0] != given[1]
    return found


def sums(most: int) -> Expr:
    return scan([X], [0], [minimum(state() + item(), most)], state())


def test_small_spaces_are_decided_by_trying_everything() -> None:
    parity = scan([X], [0], [(state() + item()) % 2], state())
    same = compared(BITS, parity, scan([X], [0], [abs(state() - item())], state()))
    assert (same.equal, same.way, same.checked, same.proved) == (True, "exhaustion", 510, True)
    slip = compared(BITS, sums(99), sums(7))
    assert (slip.equal, slip.counterexample) == (False, {"x": [1] * 8})


def test_an_off_by_one_in_a_large_space_is_shown() -> None:
    found = compared(
        DIGITS, scan([X], [0], [state() + item()], state()), scan([X], [0], [state() + item() + 1], state())
    )
    assert (found.equal, found.way) == (False, "tests")


@solver
def test_a_solver_proves_and_finds_what_tests_miss() -> None:
    best = scan([X], [0], [maximum(state(), item())], state())
    same = compared(DIGITS, last(best), largest(X))
    assert (same.equal, same.way) == (True, "smt")
    assert compared(SHORT, last(sort(X)), largest(X)).way == "smt"
    ranks = selector_width(select(X, X, "le")) - selector_width(select(X, X, "lt"))
    assert compared(SHORT, ranks, selector_width(select(X, X))).way == "smt"
    missed = compared(DIGITS, sums(200), sums(107))
    assert (missed.equal, missed.way, missed.counterexample) == (False, "smt", {"x": [9] * 12})
    rare = compared(DIGITS, total(X) < 107, total(X) < 108)
    assert (rare.equal, rare.way) == (False, "smt")
    same = compared(DIGITS, 2 * total(X) < 101, 2 * total(X) < 102)
    assert (same.equal, same.way) == (True, "smt")
    trap = if_(eq(total(X), 108), 1, 0)
    assert compared(DIGITS, trap, Expr("const", (), 0)).equal is False


@solver
def test_formulas_say_what_evaluation_says() -> None:
    import z3

    from fairfight.parts.programs.smt import Formula

    space = Space((Input("x", INTS, -3, 4), Input("f", BOOLS), Input("n", INT, -5, 9), Input("i", BOOL)), (3, 3))
    rng = np.random.default_rng(1)
    compared_, operations = 0, set()
    for n in range(32):
        program = random_program(space, (INT, BOOL, INTS, BOOLS)[n % 4], 4 + n // 4, rng)
        batch = space.sample(2, rng)
        try:
            wanted = program(batch)
        except TooLarge:
            continue
        for j, row in enumerate(batch.rows()):
            given = {k: [_term(x) for x in v] if isinstance(v, list) else _term(v) for k, v in row.items()}
            found = Formula(z3, given, 3)(program.body)
            values = [z3.simplify(v) for v in (found if isinstance(found, list) else [found])]
            plain = [bool(z3.is_true(v)) if z3.is_bool(v) else v.as_long() for v in values]
            assert plain == np.atleast_1d(wanted[j]).tolist(), program.python()
            compared_ += 1
        operations |= {e.op for e in program.body.walk()}
    assert compared_ > 50
    assert len(operations) > 20


def _term(value: bool | int) -> object:
    import z3

    return z3.BoolVal(value) if isinstance(value, bool) else z3.IntVal(value)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(UserError, match="cannot equal"):
        compared(BITS, total(X), total(X) < 1)
    with pytest.raises(UserError, match="no input 'x'"):
        equivalent(Program(BITS, X), Program(BITS, X), Space((Input("y", INTS),)))
