"""Reading recurrent networks: lattices and machines are found where they are, and programs that hold at 4 × length."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from fairfight.faults.program.recurrent import ProgramRecipe, build, train, untrained
from fairfight.parts.programs import Batch, Expr, as_int, const, evaluate, item, state
from fairfight.parts.states.lattice import Lattice, generated, polished
from fairfight.parts.states.laws import Law, centred, law, plainest
from fairfight.parts.states.machine import Machine, minimal
from fairfight.parts.states.reading import Reading, read
from fairfight.parts.states.regression import regress
from fairfight.parts.states.spelling import batch, from_machine
from fairfight.parts.states.written import written
from fairfight.worlds.sequences.rule import Rule
from fairfight.worlds.sequences.table import FAMILIES, listed, rule

LINEAR = [r for r in listed() if r.net.update == "linear" and r.net.inputs == "number" and r.net.readout == "affine"]


def exact(found: Reading, secret: Rule, length: int) -> bool:
    """Whether the program is the rule on inputs of four times the length."""
    assert found.program is not None, found.why
    values = secret.sample(512, 4 * length, 77, "exact")
    return bool((found.program(batch(values)) == secret(values)).all())


def recovered(secret: Rule) -> Reading:
    organism = build(ProgramRecipe(secret.family, secret.options))
    assert organism.void is None
    found = read(organism.subject)
    assert exact(found, secret, organism.subject.space.length), f"{secret.name}: {found.program}"
    return found


@pytest.mark.parametrize("secret", [rule("sum"), rule("difference", k=1)], ids=lambda r: r.name)
def test_sums_and_differences_are_read_exactly(secret: Rule) -> None:
    found = recovered(secret)
    assert found.kind == "lattice"
    assert found.size == secret.net.hidden
    assert found.program is not None
    assert found.program.size <= 12
    assert found.program.printed_agrees(batch(secret.sample(20, 40, 1)))


@pytest.mark.slow
def test_parity_is_a_machine_of_two_states() -> None:
    found = recovered(rule("parity"))
    assert (found.kind, found.size) == ("points", 2)


@pytest.mark.parametrize("family", ["spring", "parity-last"])
def test_an_untrained_network_has_no_code(family: str) -> None:
    options = {"k": 3} if family == "parity-last" else {}
    found = read(untrained(rule(family, **options), 2))
    assert found.program is None
    assert "neither" in found.why


def test_a_network_that_learnt_random_answers_has_no_code() -> None:
    secret = rule("sum-last", k=3)
    secret = replace(secret, net=replace(secret.net, steps=400))
    subject = untrained(secret, 1)
    train(subject, secret, 1, random=True)
    assert read(subject).program is None


def test_a_lattice_is_found_from_slightly_noisy_sums_of_its_vectors() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=(3, 5))
    codes = rng.integers(-6, 7, (80, 3))
    states = codes @ true + 1.5 + 1e-6 * rng.normal(size=(80, 5))
    basis = generated(states[1:] - states[:-1], 0.02)
    assert basis is not None
    change = basis @ np.linalg.pinv(true)
    np.testing.assert_allclose(change, np.round(change), atol=0.01)
    assert abs(round(np.linalg.det(change))) == 1  # the lattice itself, no finer and no coarser one
    found = polished(Lattice(states[0], basis), states)
    assert found.error(states) < 0.01
    np.testing.assert_allclose(found.decode(found.encode(states)), states, atol=0.01)


def test_vectors_that_lie_dense_are_no_lattice() -> None:
    rng = np.random.default_rng(1)
    basis = generated(rng.normal(size=(60, 2)), 0.01)
    assert basis is None or Lattice(np.zeros(2), basis).error(rng.normal(size=(60, 2))) > 0.2


def test_a_law_is_brought_to_the_coordinates_in_which_it_is_plain() -> None:
    shift = Law(np.array([[0, 0], [1, 0]]), np.array([[1], [0]]), np.zeros(2, int), np.zeros(2, int))
    values = np.random.default_rng(0).integers(-5, 6, (40, 10, 1))
    mixed = shift.codes(values) @ np.array([[2, 1], [1, 1]]).T + np.array([4, -3])
    found = law(mixed, values)
    assert found is not None
    moved, start = centred(found)
    plain, T = plainest(moved, None)
    np.testing.assert_array_equal(plain.M, shift.M)
    np.testing.assert_array_equal(plain.N, shift.N)
    assert not plain.c.any()
    np.testing.assert_array_equal(plain.codes(values), (mixed - start) @ T.T)
    assert law(mixed**3, values) is None


def test_a_machine_is_made_as_small_as_it_can_be() -> None:
    # Six states that count modulo 6, told apart by parity only.
    moves = np.array([[s, (s + 1) % 6] for s in range(6)])
    answers = np.array([[s % 2, (s + 1) % 2] for s in range(6)])
    small = minimal(Machine(np.array([[0], [1]]), moves, answers))
    assert len(small) == 2
    values = np.random.default_rng(0).integers(0, 2, (10, 30, 1))
    np.testing.assert_array_equal(small.run(values), np.cumsum(values[..., 0], 1) % 2)


def test_a_machine_that_remembers_a_window_is_written_as_one() -> None:
    # States: the last two bits.
    moves = np.array([[2 * (s % 2), 2 * (s % 2) + 1] for s in range(4)])
    answers = np.array([[(s // 2 + s + x) % 2 for x in (0, 1)] for s in range(4)])
    found = from_machine(untrained(rule("parity"), 0), minimal(Machine(np.array([[0], [1]]), moves, answers)))
    assert found is not None
    secret = rule("parity-last", k=3)
    values = secret.sample(200, 30, 0)
    np.testing.assert_array_equal(found(batch(values)), secret(values))
    assert found.size <= written(secret).size


S, X = state(0), item(0)
GRID = np.stack(np.meshgrid(np.arange(7), np.arange(7), indexing="ij"), -1).reshape(-1, 2)


@pytest.mark.parametrize(
    ("formula", "largest"),
    [
        (const(3), 1),
        (S * 2 - X + 1, 8),
        ((S + X) % 7, 5),
        ((S * 3 + X) % 5, 7),
        (as_int(S < X), 4),
        (abs(S - X), 4),
    ],
)
def test_formulas_are_found_from_their_values(formula: Expr, largest: int) -> None:
    columns = Batch.of(None, s0=GRID[:, 0], x0=GRID[:, 1])
    wanted = np.broadcast_to(evaluate(formula, columns), len(GRID))
    found = regress(GRID, wanted, [S, X], tables=False)
    assert found is not None
    assert found.size <= largest
    np.testing.assert_array_equal(np.broadcast_to(evaluate(found, columns), len(GRID)), wanted)


def test_no_formula_is_claimed_for_noise_or_for_what_is_no_function() -> None:
    rng = np.random.default_rng(0)
    some = GRID[GRID.max(1) < 5]
    assert regress(some, rng.integers(0, 9, len(some)), [S, X], tables=False) is None
    twice = np.vstack([GRID, GRID])
    assert regress(twice, np.arange(len(twice)), [S, X]) is None


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_linear_task_is_read_exactly() -> None:
    assert len(LINEAR) >= 18  # MIPS has nine
    for secret in LINEAR:
        assert recovered(secret).kind == "lattice"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_more_than_half_of_the_list_is_read_exactly() -> None:
    done = 0
    for secret in listed():
        organism = build(ProgramRecipe(secret.family, secret.options))
        found = read(organism.subject)
        done += found.program is not None and exact(found, secret, organism.subject.space.length)
    assert done > 0.8 * len(listed())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_rule_is_written_as_a_program(family: str) -> None:
    options = [dict(zip(FAMILIES[family].choices, v, strict=True)) for v in product(*FAMILIES[family].choices.values())]
    for some in options[:3] + options[-1:]:
        secret = rule(family, **some)
        values = secret.sample(100, 30, 4)
        np.testing.assert_array_equal(written(secret)(batch(values)), secret(values))
