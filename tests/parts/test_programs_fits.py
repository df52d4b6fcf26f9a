"""What is fitted from outside: each explains what suits it, as a program where it has one, and no more than that."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from fairfight.errors import UserError
from fairfight.parts.programs import (
    BOOLS,
    INT,
    INTS,
    Batch,
    Expr,
    Input,
    Program,
    Space,
    agreement,
    flag,
    if_,
    item,
    largest,
    last,
    lookup,
    maximum,
    scan,
    state,
    total,
)
from fairfight.parts.programs.equivalence import equivalent
from fairfight.parts.programs.fits.automata import learn_automaton
from fairfight.parts.programs.fits.features import features
from fairfight.parts.programs.fits.formulas import fit_formula
from fairfight.parts.programs.fits.neighbours import fit_neighbours
from fairfight.parts.programs.fits.rules import fit_rules
from fairfight.parts.programs.fits.trees import fit_tree

PAIR = Space((Input("a", INT, 0, 12), Input("b", INT, 0, 12)))
A, B = PAIR["a"], PAIR["b"]
SEQUENCE = Space((Input("x", INTS, 0, 4),), (2, 9))
BITS = Space((Input("x", INTS, 0, 1),), (2, 9))
X = BITS["x"]
PARITY = Program(BITS, scan([X], [0], [(state() + item()) % 2], state()))
FITS = [fit_tree, fit_rules, fit_neighbours]

formulas = pytest.mark.skipif(find_spec("gplearn") is None, reason="needs gplearn (the extra `programs`)")


def drawn(space: Space, n: int, seed: int, lengths: tuple[int, int] | None = None) -> Batch:
    return space.sample(n, np.random.default_rng(seed), lengths)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    ("space", "rule", "least"),
    [
        (PAIR, if_(A < 5, A, if_(B < 3, 0, 1)), 0.95),
        (PAIR, (A < 6) & (B > 2), 0.95),
        (SEQUENCE, largest(X), 0.95),
        (SEQUENCE, scan([X], [0], [maximum(state(), item())], state()), 0.9),
        (SEQUENCE, scan([X], [0], [item()], state() > 2), 0.9),
    ],
)
def test_what_suits_a_fit_is_learnt(fit, space: Space, rule: Expr, least: float) -> None:
    truth = Program(space, rule)
    batch, new = drawn(space, 300, 0), drawn(space, 80, 1)
    fitted = fit(space, batch, truth(batch))
    assert agreement(fitted.predict(new), truth(new), new) >= (0.4 if fit is fit_neighbours else least)
    if fit is not fit_neighbours:
        assert fitted.program.type is rule.type
        assert fitted.program.printed_agrees(new[:20])


@pytest.mark.parametrize("fit", FITS)
def test_a_table_fits_what_it_saw_and_fails_on_longer_inputs(fit) -> None:
    batch, long = drawn(BITS, 200, 0), drawn(BITS, 50, 1, (36, 36))
    # Without running sums, as one who does not know the rule.
    plain = features(BITS, INTS, causal=True)[:7]
    fitted = fit(BITS, batch, PARITY(batch), features=plain)
    short = np.mean((fitted.predict(batch) == PARITY(batch))[batch.mask])
    assert short > (0.6 if fit is fit_rules else 0.8)
    assert np.mean(fitted.predict(long) == PARITY(long)) < 0.65


def test_random_labels_are_not_predicted() -> None:
    rng = np.random.default_rng(0)
    batch, new = drawn(PAIR, 160, 0), drawn(PAIR, 200, 1)
    labels = rng.integers(0, 2, 160).astype(bool)
    for fit in FITS:
        fitted = fit(PAIR, batch, labels)
        assert np.mean(fitted.predict(new) == rng.integers(0, 2, 200).astype(bool)) < 0.65


def test_causal_features_see_nothing_of_what_comes_after() -> None:
    batch = drawn(SEQUENCE, 40, 0, (9, 9))
    changed = Batch.of(x=np.concatenate([batch.columns["x"][:, :5], 4 - batch.columns["x"][:, 5:]], axis=1))
    for e in features(SEQUENCE, INTS, causal=True):
        program = Program(SEQUENCE, e)
        assert np.array_equal(program(batch)[:, :5], program(changed)[:, :5])


def test_an_automaton_is_learnt_and_is_a_program() -> None:
    learnt = learn_automaton(PARITY, BITS)
    assert (learnt.states, learnt.stopped) == (2, "found")
    assert equivalent(learnt.program, PARITY, Space(BITS.inputs, (1, 10))).equal
    long = drawn(BITS, 50, 1, (36, 36))
    assert np.array_equal(learnt.predict(long), PARITY(long))
    assert learnt.program.printed_agrees(long[:3])


def test_automata_of_last_outputs_truth_values_and_two_inputs() -> None:
    whole = Program(BITS, last(PARITY.body))
    learnt = learn_automaton(whole, BITS)
    assert learnt.states == 2
    assert equivalent(learnt.program, whole).equal
    two = Space((Input("p", BOOLS), Input("q", INTS, 1, 2)), (1, 6))
    rule = scan([two["p"], two["q"]], [1], [if_(flag(0), (state() + item(1)) % 3, state())], state() < 1)
    both = learn_automaton(Program(two, rule), two)
    assert both.states == 3
    assert equivalent(both.program, Program(two, rule)).equal


def test_what_no_small_automaton_does_is_not_learnt() -> None:
    counting = Program(BITS, scan([X], [0], [state() + item()], state()))
    learnt = learn_automaton(counting, BITS, queries=700)
    long = drawn(BITS, 50, 1, (36, 36))
    assert agreement(learnt.predict(long), counting(long), long) < 0.1
    assert learnt.stopped == "budget"
    assert learnt.queries <= 700
    rng = np.random.default_rng(0)
    with pytest.raises(UserError, match="not a function"):
        learn_automaton(lambda b: rng.integers(0, 2, b.columns["x"].shape), BITS)
    with pytest.raises(UserError, match="single values"):
        learn_automaton(counting, PAIR)


@formulas
def test_a_formula_is_bred() -> None:
    rule = Program(PAIR, A * B + A)
    batch, new = drawn(PAIR, 200, 0), drawn(PAIR, 100, 1)
    formula = fit_formula(PAIR, batch, rule(batch), population=300, generations=8)
    assert np.mean(formula.predict(new) == rule(new)) > 0.9
    assert "X0" in formula.text
    wild = Program(PAIR, lookup([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9], (A * 5 + B * 7) % 13))
    wrong = fit_formula(PAIR, batch, wild(batch), population=300, generations=4)
    assert np.mean(wrong.predict(new) == wild(new)) < 0.5
    assert total(X).type is INT
