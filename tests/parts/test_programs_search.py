"""Programs from examples: known rules are found and hold on longer inputs, noise is not explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fairfight.errors import UserError
from fairfight.parts.programs import (
    INT,
    INTS,
    Batch,
    Expr,
    Input,
    Program,
    Space,
    if_,
    indices,
    item,
    largest,
    length,
    maximum,
    minimum,
    scan,
    select,
    selector_width,
    smallest,
    state,
    to_json,
    total,
)
from fairfight.parts.programs.equivalence import equivalent
from fairfight.parts.programs.search.enumeration import Budget
from fairfight.parts.programs.search.found import Found
from fairfight.parts.programs.search.machines import machine_from_states, synthesise_machine
from fairfight.parts.programs.search.synthesis import synthesise
from fairfight.parts.programs.search.tracks import pruned

PAIR = Space((Input("a", INT, 0, 12), Input("b", INT, 0, 12)))
A, B = PAIR["a"], PAIR["b"]
SEQUENCE = Space((Input("x", INTS, 0, 4),), (2, 9))
X = SEQUENCE["x"]
BITS = Space((Input("x", INTS, 0, 1),), (2, 9))
Search = Callable[..., Found]


def found_from(search: Search, space: Space, rule: Expr, **options: Any) -> Found:
    """What a search finds from 160 examples of a rule."""
    batch = space.sample(160, np.random.default_rng(3))
    return search(space, batch, Program(space, rule)(batch), **options)


@pytest.mark.parametrize(
    ("space", "rule", "options"),
    [
        (PAIR, (A + B) % 13, {"constants": (0, 1, 13)}),
        pytest.param(PAIR, if_(A < B, A + A, B), {}, marks=pytest.mark.slow),
        (SEQUENCE, selector_width(select(X, X)), {}),
        (SEQUENCE, largest(X) - smallest(X), {}),
        pytest.param(BITS, length() < total(X) + total(X), {}, marks=pytest.mark.slow),
    ],
)
def test_enumeration_finds_the_rule(space: Space, rule: Expr, options: dict[str, Any]) -> None:
    found = found_from(synthesise, space, rule, **options)
    assert found.stopped == "found"
    assert found.exact
    assert equivalent(found.program, Program(space, rule)).equal
    assert found.program.size <= rule.size + 2
    assert found.distinct < found.evaluated


MACHINES = {
    "parity": (BITS, scan([X], [0], [(state() + item()) % 2], state())),
    "running maximum": (SEQUENCE, scan([X], [-1], [maximum(state(), item())], state())),
    "sum mod 3": (SEQUENCE, scan([X], [0], [(state() + item()) % 3], state())),
    "run of ones": (BITS, scan([X], [0], [(state() + 1) * item()], state())),
}


@pytest.mark.parametrize("name", MACHINES)
def test_machines_are_found_and_hold_on_sequences_four_times_as_long(name: str) -> None:
    space, rule = MACHINES[name]
    found = found_from(synthesise_machine, space, rule)
    assert found.exact
    long = space.sample(100, np.random.default_rng(0), lengths=(36, 36))
    assert np.array_equal(found.predict(long), Program(space, rule)(long))
    assert found.program.printed_agrees(long[:5])


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    [
        scan([X], [0, 0], [item(), state(0)], state(1)),
        scan([X], [0, 0], [item(), state(0)], item() - state(1)),
        scan([X], [0, 0], [1 - state(0), state(1) + item() * (1 - state(0))], state(1)),
    ],
)
def test_machines_of_two_states_are_found(rule: Expr) -> None:
    found = found_from(synthesise_machine, SEQUENCE, rule)
    assert found.exact
    long = SEQUENCE.sample(100, np.random.default_rng(0), lengths=(36, 36))
    assert np.array_equal(found.predict(long), Program(SEQUENCE, rule)(long))


HARD = scan([X], [0, 4], [(state(0) + item()) % 3, minimum(state(1), item() + state(0))], state(0) * state(1))
FEW: dict[str, Any] = {"operations": ("add", "sub", "mul", "mod", "min", "max"), "constants": (1, 3)}


def test_known_states_make_a_hard_machine_easy() -> None:
    batch = SEQUENCE.sample(160, np.random.default_rng(3))
    outputs = Program(SEQUENCE, HARD)(batch)
    both = [scan([X], [0, 4], HARD.value.updates, state(k)) for k in range(2)]
    hidden = np.stack([Program(SEQUENCE, e)(batch) for e in both], axis=2)
    budget = 15_000
    guided = machine_from_states(SEQUENCE, batch, outputs, hidden, (0, 4), budget=Budget(budget), **FEW)
    assert guided.exact
    assert equivalent(guided.program, Program(SEQUENCE, HARD), Space(SEQUENCE.inputs, (1, 5))).equal
    blind = synthesise_machine(SEQUENCE, batch, outputs, budget=Budget(budget), **FEW)
    shuffled = hidden[np.random.default_rng(0).permutation(len(hidden))]
    misled = machine_from_states(SEQUENCE, batch, outputs, shuffled, (0, 4), budget=Budget(budget), **FEW)
    for other in (blind, misled):
        assert not other.exact
        assert other.stopped != "found"


@pytest.mark.slow
def test_guidance_finds_with_fewer_programs_and_wrong_guidance_with_more() -> None:
    rule = (A * B + 2) % 3
    used = dict.fromkeys(("mod", "mul", "add", "const:3", "const:2"), 0.25)
    astray = dict.fromkeys(used, 3.0)
    right, none, wrong = (found_from(synthesise, PAIR, rule, guidance=g).evaluated for g in (used, None, astray))
    assert 4 * right < none < wrong


def test_variables_that_a_reader_found_are_begun_from() -> None:
    rule = (A * A + B * B) % 7 + A
    blind = found_from(synthesise, PAIR, rule, constants=(7,), budget=Budget(5000))
    told = found_from(synthesise, PAIR, rule, constants=(7,), budget=Budget(5000), given=[A * A + B * B])
    assert told.exact
    assert not blind.exact


@pytest.mark.parametrize("search", [synthesise, synthesise_machine])
def test_random_labels_are_not_explained(search: Search) -> None:
    rng = np.random.default_rng(5)
    batch = BITS.sample(200, rng)
    outputs = rng.integers(0, 2, len(batch))
    found = search(BITS, batch, outputs, budget=Budget(4000))
    assert found.stopped == "budget"
    assert not found.exact
    assert found.held_out < 0.75
    assert found.program(batch).shape == outputs.shape


def test_the_best_so_far_comes_back_and_the_same_each_time() -> None:
    options: dict[str, Any] = {"budget": None}
    results = []
    for _ in range(2):
        options["budget"] = Budget(3000)
        results.append(found_from(synthesise, PAIR, A * A * B + B // (A + 1), **options))
    first, again = results
    assert first == again
    assert to_json(first.program) == to_json(again.program)
    assert (first.stopped, first.exact) == ("budget", False)
    assert 0 < first.agreement < 1
    late = found_from(synthesise, PAIR, A * A * B + B // (A + 1), budget=Budget(10**9, seconds=0.2))
    assert late.stopped == "time"
    assert late.seconds < 5


def test_states_that_the_output_does_not_need_are_left_out() -> None:
    rule = scan([X], [5, 0, 1], [state(0) + state(1), (state(2) + item()) % 3, state(1)], state(2) + item()).value
    left = pruned(rule)
    assert left.initial == (0, 1)
    batch = SEQUENCE.sample(50, np.random.default_rng(0))
    whole, cut = (Program(SEQUENCE, Expr("scan", (X,), r))(batch) for r in (rule, left))
    assert np.array_equal(whole, cut)


def test_mistakes_are_named() -> None:
    batch = Batch.of(a=[1, 2], b=[3, 4])
    with pytest.raises(UserError, match="Unknown production"):
        synthesise(PAIR, batch, np.array([1, 2]), guidance={"plus": 1.0})
    with pytest.raises(UserError, match="positive"):
        synthesise(PAIR, batch, np.array([1, 2]), guidance={"add": 0.0})
    with pytest.raises(UserError, match="2 examples and 3 outputs"):
        synthesise(PAIR, batch, np.array([1, 2, 3]))
    with pytest.raises(UserError, match="whole numbers or truth values"):
        synthesise(PAIR, batch, np.array([0.5, 2]))
    with pytest.raises(UserError, match="sequence"):
        synthesise_machine(PAIR, batch, np.array([1, 2]))
    with pytest.raises(UserError, match="Hidden states"):
        machine_from_states(BITS, BITS.sample(2, np.random.default_rng(0)), np.array([1, 2]), np.zeros((2, 9, 1)), [0])
    assert indices().type is INTS
