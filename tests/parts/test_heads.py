"""Transformers read head by head: programs come back from their weights, and from shuffled weights none does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fairfight.faults.compiled.library import PROGRAMS, CompiledOrganism, CompiledRecipe, build, hide
from fairfight.parts.heads.reading import Reading, drawn, read
from fairfight.parts.heads.selection import Pairs, selector
from fairfight.parts.heads.trace import trace
from fairfight.parts.heads.variables import departures, expressed, telling
from fairfight.parts.heads.written import compiled
from fairfight.parts.programs import Batch, Program, evaluate
from fairfight.parts.programs.equivalence import equivalent
from fairfight.subject.transformer import PlainTransformer

pytestmark = pytest.mark.usefixtures("one_thread")


def reading(met: CompiledOrganism) -> tuple[Reading, Program]:
    """What is read, and what was compiled."""
    rule = compiled(met.recipe.program, met.recipe.tokens, met.recipe.longest)
    net = met.subject.module
    assert isinstance(net, PlainTransformer)
    return read(net, met.subject, rule.space, drawn(rule.space, 0)), rule


def exact(met: CompiledOrganism) -> bool:
    """Whether the rule is recovered, on all inputs."""
    found, rule = reading(met)
    if found.program is None:
        return False
    a, b = (p(rule.space.everything()) for p in (found.program, rule))
    mask = rule.space.everything().mask
    assert mask is not None
    a, b = (o if o.ndim == 2 else np.repeat(o[:, None], mask.shape[1], axis=1) for o in (a, b))
    return bool((a == b)[mask].all())


@pytest.mark.parametrize("name", ["sort", pytest.param("majority", marks=pytest.mark.slow), "first", "ascending"])
def test_a_program_comes_back_from_its_weights(name: str) -> None:
    assert exact(build(CompiledRecipe(name, seed=3)))


@pytest.mark.slow
def test_nine_in_ten_of_all_programs_come_back_plain_and_hidden() -> None:
    for make in (build, hide):
        right = [exact(make(CompiledRecipe(name, seed=11))) for name in PROGRAMS]
        assert np.mean(right) >= 0.9, [n for n, ok in zip(PROGRAMS, right, strict=True) if not ok]


def test_exchanging_what_a_head_gives_changes_answers_as_the_reading_says() -> None:
    found, rule = reading(build(CompiledRecipe("sort")))
    assert [one.head for one in found.heads] == [(1, 0), (2, 0)]
    assert all(one.exchanged == 1 for one in found.heads)
    assert found.program is not None
    assert equivalent(found.program, rule).proved
    # A head that is read for another one is found out.
    first, second = found.heads
    values = first.variables[0].values
    object.__setattr__(first.variables[0], "values", np.roll(values, 1, axis=0))
    from fairfight.parts.heads import reading as module

    net = build(CompiledRecipe("sort")).subject
    assert isinstance(net.module, PlainTransformer)
    sample = module._sampled(net.module, net, drawn(rule.space, 0)(module.DRAWN, "read"))
    assert module._exchanged(found, first, sample) < 0.7
    assert module._exchanged(found, second, sample) == 1


def test_shuffled_weights_tell_nothing() -> None:
    met = build(CompiledRecipe("sort"))
    net = met.subject.module
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(p.flatten()[torch.randperm(p.numel(), generator=rng)].view_as(p))
    right = build(CompiledRecipe("sort"))
    assert isinstance(net, PlainTransformer)
    space = compiled("sort", 3, 8).space
    found = read(net, right.subject, space, drawn(space, 0))
    assert found.program is None


def test_a_trace_is_what_the_network_does() -> None:
    met = build(CompiledRecipe("sort", turned=True, seed=1))
    values = torch.from_numpy(np.random.default_rng(0).integers(0, 3, (20, 7, 1)))
    assert isinstance(met.subject.module, PlainTransformer)
    torch.testing.assert_close(trace(met.subject.module, values).outputs, met.subject(values), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("equal", lambda kx, ki, qx, qi: kx == qx),
        ("the one before", lambda kx, ki, qx, qi: ki == qi - 1),
        ("ones up to here", lambda kx, ki, qx, qi: (kx == 1) & (ki <= qi)),
        ("sorted before", lambda kx, ki, qx, qi: (kx < qx) | ((kx == qx) & (ki < qi))),
        pytest.param("a number of both", lambda kx, ki, qx, qi: ki == (2 * qx + qi) % 6, marks=pytest.mark.slow),
        ("where twice the token is small", lambda kx, ki, qx, qi: (2 * kx < ki) & (ki <= qi)),
    ],
)
def test_a_relation_of_positions_becomes_a_selector(name: str, holds) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (60, 6))
    r, q, k = (a.reshape(-1) for a in np.indices((60, 6, 6)))
    keys, queries = {"x": x[r, k], "i": k}, {"x": x[r, q], "i": q}
    e = selector(Pairs(keys, queries, holds(keys["x"], keys["i"], queries["x"], queries["i"])))
    assert e is not None
    fresh = rng.integers(0, 3, (40, 6))
    at = np.tile(np.arange(6), (40, 1))
    seen = evaluate(e, Batch.of(None, x=fresh, i=at))
    np.testing.assert_array_equal(seen, holds(fresh[:, None], at[:, None], fresh[:, :, None], at[:, :, None]))


def test_noise_is_no_relation() -> None:
    rng = np.random.default_rng(0)
    keys, queries = ({n: rng.integers(0, 4, 4000) for n in "xi"} for _ in range(2))
    assert selector(Pairs(keys, queries, rng.random(4000) < 0.3)) is None


def test_the_fewest_variables_that_tell_another_are_found() -> None:
    rng = np.random.default_rng(0)
    columns = {n: rng.integers(0, 5, 1000) for n in "abc"}
    target = (columns["a"] + 2 * columns["c"]) % 3
    assert telling(columns, target) == ("a", "c")
    assert departures([columns["a"]], target) > 400
    assert telling(columns, rng.integers(0, 2, 1000)) is None
    rare = np.where(rng.random(1000) < 0.002, 1 - target, target)
    assert telling(columns, rare) is None
    assert telling(columns, rare, slack=0.01) == ("a", "c")
    e = expressed({"a": np.arange(5), "b": np.arange(5)[::-1].copy()}, np.arange(5) ** 2)
    assert e is not None
    assert e.size < 6
