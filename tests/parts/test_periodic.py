"""Sums modulo a number are read from the circles of a network's tokens, and from nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.compiled.library import CompiledRecipe, build
from fairfight.faults.program.published import MODULUS, PublishedProgram, load
from fairfight.parts.heads.written import published
from fairfight.parts.periodic import circles, read_sum, transformer
from fairfight.parts.programs import INTS, Input, Space
from fairfight.subject.transformer import PlainTransformer

pytestmark = pytest.mark.usefixtures("one_thread")
SPACE = Space((Input("x", INTS, 0, MODULUS - 1),), (2, 2))


def grokked(name: str = "grokked") -> PublishedProgram:
    try:
        return load(name)
    except UserError as lacks:
        pytest.skip(str(lacks))


def inside(found: PublishedProgram) -> PlainTransformer:
    net = transformer(found.subject)
    assert net is not None
    return net


@pytest.mark.parametrize(("name", "share"), [("grokked", 0.8), ("grokked-slowly", 0.4)])
def test_the_sum_is_read_and_the_circles_are_what_the_network_works_on(name: str, share: float) -> None:
    found = read_sum(grokked(name).subject, 0)
    assert found is not None
    assert found.share > share
    assert found.turns == (1, 1)
    assert found.agreement == 1
    assert found.kept > 0.9
    assert found.removed < 0.05
    assert found.program(SPACE).body == published("grokked", SPACE).body


def test_other_frequencies_and_other_tokens_tell_nothing() -> None:
    met = grokked()
    assert read_sum(met.subject, 0, (3, 9, 50)) is None
    with torch.no_grad():
        inside(met).embed.normal_(generator=torch.Generator().manual_seed(0))
    assert circles(inside(met), MODULUS, 0) == ((), 0.0)
    assert read_sum(met.subject, 0) is None


def test_a_network_whose_tokens_mean_other_numbers_is_another_sum() -> None:
    met = grokked()
    net = inside(met)
    with torch.no_grad():  # token t stands for 3 t + 4
        net.embed[:MODULUS] = net.embed[(3 * torch.arange(MODULUS) + 4) % MODULUS]
    found = read_sum(met.subject, 0)
    assert found is not None
    assert (found.turns, found.offset) == ((3, 3), 8)
    pairs = np.random.default_rng(0).integers(0, MODULUS, (50, 2))
    for a, b in pairs.tolist():
        assert found.program(SPACE).of(x=[a, b]) == (3 * a + 3 * b + 8) % MODULUS


def test_what_is_no_sum_of_two_is_left_alone() -> None:
    assert read_sum(build(CompiledRecipe("parity")).subject, 0) is None
