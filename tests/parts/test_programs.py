"""The language of programs: typed, evaluated as its printed Python runs, stored and read back."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

from fairfight.errors import UserError
from fairfight.parts.programs import (
    BOOL,
    BOOLS,
    INT,
    INTS,
    Batch,
    Expr,
    Input,
    Program,
    Space,
    TooLarge,
    Type,
    aggregate,
    aggregate_sum,
    as_int,
    const,
    eq,
    from_json,
    if_,
    indices,
    item,
    last,
    length,
    lookup,
    maximum,
    order,
    random_program,
    reverse,
    scan,
    select,
    selector_width,
    shift,
    sort,
    state,
    to_json,
    total,
)

SPACE = Space((Input("x", INTS, 0, 4),), (1, 5))
X = SPACE["x"]

KNOWN: list[tuple[Expr, list[int], object]] = [
    (scan([X], [0], [(state() + item()) % 2], state()), [1, 0, 1, 1], [1, 1, 0, 1]),
    (scan([X], [-1], [maximum(state(), item())], state()), [1, 3, 2], [1, 3, 3]),
    (scan([X], [0, 1], [state(1), state(0) + item()], state(0) - state(1)), [2, 1], [-1, 0]),
    (selector_width(select(X, X)), [3, 1, 3], [2, 1, 2]),
    (aggregate(select(indices(), length() - 1 - indices()), X), [1, 2, 3], [3, 2, 1]),
    (aggregate_sum(select(X, 2, "lt"), 1), [0, 1, 4], [2, 2, 2]),
    (aggregate(select(X, 4, "gt"), X), [0, 1], [0, 0]),
    (last(sort(X)) - total(X) // length(), [4, 0, 1], 3),
    (order(X), [3, 1, 1], [1, 2, 0]),
    (reverse(X) * -1, [1, 2], [-2, -1]),
    (shift(X, 1), [4, 2], [0, 4]),
    (if_(eq(X, 3), lookup([7, 8], indices()), X % 0), [3, 3, 3, 1], [7, 8, 0, 0]),
    (as_int(total(X) > length()) // 0, [3], 0),
]


@pytest.mark.parametrize(("body", "x", "wanted"), KNOWN)
def test_programs_give_what_one_works_out_by_hand(body: Expr, x: list[int], wanted: object) -> None:
    program = Program(SPACE, body)
    assert program.of(x=x) == wanted
    assert program.printed_agrees(SPACE.everything())


MIXED = Space((Input("x", INTS, -3, 4), Input("f", BOOLS), Input("n", INT, -5, 9), Input("i", BOOL)), (1, 6))


@pytest.mark.parametrize(
    "kind", [INTS, BOOL, pytest.param(INT, marks=pytest.mark.slow), pytest.param(BOOLS, marks=pytest.mark.slow)]
)
def test_printed_stored_and_single_random_programs_agree(kind: Type) -> None:
    rng = np.random.default_rng(7)
    batch = MIXED.sample(5, rng)
    operations, compared = set(), 0
    for size in range(3, 27, 5):
        program = random_program(MIXED, kind, size, rng)
        assert program.type is kind
        assert from_json(to_json(program)) == program == pickle.loads(pickle.dumps(program))
        try:
            whole = program(batch)
        except TooLarge:
            continue
        assert program.printed_agrees(batch), program.python()
        one = program(batch[3:4])[0]
        assert np.array_equal(one, whole[3][: len(one)] if kind.rank else whole[3]), "padding leaks"
        operations |= {e.op for e in program.body.walk()}
        compared += 1
    assert compared > 2
    assert len(operations) > 10


def test_printed_python_needs_no_library_and_is_caught_when_it_differs() -> None:
    program = Program(SPACE, scan([X], [0], [(state() + item()) % 3], state()))
    text = program.python() + "\nimport sys\nassert 'numpy' not in sys.modules\nprint(program([2, 2, 1]))"
    done = subprocess.run([sys.executable, "-I", "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[2, 1, 2]"
    assert len(program.python().splitlines()) < 10

    class Wrong(Program):
        def python(self, name: str = "program") -> str:
            return super().python(name).replace("% 3", "% 2")

    assert not Wrong(program.space, program.body).printed_agrees(SPACE.everything())


def test_ill_typed_programs_cannot_be_made() -> None:
    flags = Expr("lt", (X, const(2)))
    wrong = [
        lambda: X + True,
        lambda: total(flags),
        lambda: if_(X, 1, 2),
        lambda: if_(flags, 1, False),
        lambda: select(X, flags),
        lambda: select(X, X, "near"),
        lambda: select(X, X) & flags,
        lambda: scan([X], [0], [state(1)], state()),
        lambda: scan([X], [0], [total(X)], state()),
        lambda: scan([X], [0], [eq(state(), 1)], state()),
        lambda: scan([X], [0, 1], [state()], state()),
        lambda: Expr("modulo", (X, X)),
        lambda: Expr("add", (X,)),
        lambda: const(2**60),
        lambda: lookup([], X),
        lambda: Program(SPACE, select(X, X)),
        lambda: Program(Space((Input("y"),)), X),
        lambda: bool(X),
        lambda: SPACE["y"],
        lambda: Input("max"),
        lambda: Space((Input("a"), Input("a"))),
    ]
    for make in wrong:
        with pytest.raises(UserError):
            make()
    with pytest.raises(UserError, match=r"'add' takes Int, Int, and was given Seq\[Int\], Bool"):
        X + True


def test_true_is_not_one_and_equal_programs_are_one() -> None:
    assert const(True) != const(1)
    assert len({X + 1, X + 1, 1 + X}) == 2
    assert (X + 1).size == 3
    assert lookup([1, 2, 3], X).size == 5


def test_bad_inputs_and_stored_texts_are_refused() -> None:
    program = Program(SPACE, X + 1)
    for columns in ({"y": [[1]]}, {"x": [[9]]}, {"x": [1]}, {"x": [[0.5]]}):
        with pytest.raises(UserError):
            program(Batch.of(**columns))
    with pytest.raises(UserError, match="equally long"):
        Batch.ragged(a=[[1]], b=[[1, 2]])
    with pytest.raises(UserError, match="too many to enumerate"):
        Space((Input("x", INTS, 0, 9),), (1, 30)).everything()
    for text in ("{", "[]", to_json(program).replace("add", "adds"), to_json(program).replace(",1]", ",true]")):
        with pytest.raises(UserError):
            from_json(text)


def test_numbers_too_large_are_said_to_be_so_and_never_wrap() -> None:
    space = Space((Input("x", INTS, 0, 9),), (1, 99))
    squares = Program(space, scan([space["x"]], [2], [state() * state()], state()))
    doubles = Program(space, scan([space["x"]], [1], [state() + state()], state()))
    assert doubles.of(x=[0] * 50)[-1] == 2**50
    for program in (squares, doubles):
        with pytest.raises(TooLarge):
            program.of(x=[0] * 64)


def test_spaces_list_and_draw_their_inputs() -> None:
    space = Space((Input("x", INTS, -1, 1), Input("f", BOOLS), Input("k", INT, 2, 4)), (1, 2))
    everything = space.everything()
    rows = {str(row) for row in everything.rows()}
    assert len(rows) == len(everything) == space.size == 3 * (6 + 36)
    space.check(everything)
    drawn = space.sample(200, np.random.default_rng(0), lengths=(3, 5))
    space.check(drawn)
    assert drawn.lengths is not None
    assert set(drawn.lengths.tolist()) == {3, 4, 5}
    assert set(drawn.columns["x"].ravel().tolist()) == {-1, 0, 1}
