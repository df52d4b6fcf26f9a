"""Compiled transformers: exactly their programs, on every short input, plain and with their directions hidden."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.compiled.library import PROGRAMS, CompiledRecipe, build

LONG = np.random.default_rng(0).integers(0, 3, (60, 8, 1))
SHORT = [np.array(list(product(range(3), repeat=n)))[..., None] for n in (1, 2, 4)]

WORKED = {
    "reverse": [2, 1, 1, 0],
    "shift": [0, 0, 1, 1],
    "next": [1, 1, 2, 0],
    "sort": [0, 1, 1, 2],
    "rank": [0, 1, 2, 3],
    "histogram": [1, 2, 2, 1],
    "length": [4, 4, 4, 4],
    "ones-so-far": [0, 1, 2, 2],
    "parity": [0, 0, 0, 0],
    "fraction-percent": [0, 50, 66, 50],
    "majority": [0, 0, 0, 0],
    "balanced": [0, 0, 0, 0],
    "occurrence": [0, 0, 1, 0],
    "dedupe": [0, 1, 3, 2],
    "distinct": [3, 3, 3, 3],
    "palindrome": [0, 0, 0, 0],
    "ascending": [1, 1, 1, 1],
    "minimum": [0, 0, 0, 0],
    "median": [1, 1, 1, 1],
    "record": [1, 1, 1, 1],
    "repeated": [0, 0, 1, 0],
}
"""Of the tokens 0 1 1 2."""


def test_there_are_enough_programs() -> None:
    assert len(PROGRAMS) >= 20


@pytest.mark.parametrize("name", WORKED)
def test_programs_mean_what_they_say(name: str) -> None:
    given = build(CompiledRecipe(name)).rule(np.array([[[0], [1], [1], [2]]]))
    assert given[0].tolist() == WORKED[name]


@pytest.mark.parametrize("turned", [False, True], ids=["plain", "turned"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_network_is_its_program(name: str, turned: bool) -> None:
    organism = build(CompiledRecipe(name, turned=turned, seed=5))
    for values in (*SHORT, LONG):
        found = organism.subject.decide(torch.from_numpy(values)).numpy()
        np.testing.assert_array_equal(found, organism.rule(values))


def test_balanced_is_told_from_brackets() -> None:
    organism = build(CompiledRecipe("balanced", tokens=2, longest=6))
    values = np.array([[1, 0, 1, 1, 0, 0], [1, 0, 0, 1, 1, 0]])[..., None]
    wanted = [[0, 1, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0]]
    assert organism.rule(values).tolist() == wanted
    assert organism.subject.decide(torch.from_numpy(values)).tolist() == wanted


def test_turning_hides_the_directions_and_noise_moves_the_logits() -> None:
    plain, turned, noisy = (
        build(CompiledRecipe("sort", turned=t, noise=z)) for t, z in ((False, 0.0), (True, 0.0), (True, 1e-4))
    )
    values = torch.from_numpy(LONG)
    site = "blocks.0.resid_post"
    axes = [float((o.subject.read(values, [site])[site].abs() > 0.05).float().mean()) for o in (plain, turned)]
    assert axes[0] < 0.25  # few directions at a time, each an axis
    assert axes[1] > 0.6
    assert not torch.equal(turned.subject(values), noisy.subject(values))
    torch.testing.assert_close(plain.subject(values), turned.subject(values), atol=0.02, rtol=0)


def test_the_circuit_names_what_reads_what_and_nothing_else_matters() -> None:
    organism = build(CompiledRecipe("sort"))
    assert organism.circuit["blocks.2.heads.0"] == ("blocks.1.mlp", "embed")
    module = organism.subject.module
    values = torch.from_numpy(LONG)
    right = organism.subject.decide(values)
    with torch.no_grad():
        for name in ("blocks.0", "blocks.1", "blocks.2"):
            if f"{name}.mlp" not in organism.circuit:
                module.get_submodule(name).down.weight.zero_()  # type: ignore[union-attr]
        assert torch.equal(organism.subject.decide(values), right)
        module.get_submodule("blocks.1").o.zero_()  # type: ignore[operator]
    assert not torch.equal(organism.subject.decide(values), right)


def test_what_cannot_be_asked_is_said() -> None:
    with pytest.raises(UserError, match="histogram"):
        build(CompiledRecipe("histogramm"))
    with pytest.raises(UserError, match="at most 8"):
        build(CompiledRecipe("sort")).subject(torch.zeros((1, 9, 1), dtype=torch.long))
