"""Rules over integer sequences: many, causal, bounded as they say, drawn by the seed, and right on known examples."""

from __future__ import annotations

import numpy as np
import pytest

from fairfight.errors import UserError
from fairfight.worlds.sequences.rule import Rule
from fairfight.worlds.sequences.table import FAMILIES, drawn, listed, rule

LISTED = listed()


def column(*values: int) -> np.ndarray:
    """One sequence of one channel."""
    return np.array(values)[None, :, None]


def answers(which: Rule, *values: int) -> list[int]:
    found: list[int] = which(column(*values))[0].tolist()
    return found


def test_the_list_is_as_long_as_the_published_one() -> None:
    assert len(LISTED) >= 62
    assert len({r.name for r in LISTED}) == len(LISTED)


@pytest.mark.parametrize("which", LISTED, ids=lambda r: r.name)
def test_a_rule_is_causal_and_keeps_to_its_bounds(which: Rule) -> None:
    values = which.sample(64, 24, seed=1)
    assert values.shape == (64, 24, which.channels)
    assert values.min() >= which.low
    assert values.max() <= which.high
    out = which(values)
    assert out.shape == (64, 24)
    assert len(np.unique(out)) > 1  # it says something
    np.testing.assert_array_equal(which(values[:, :9]), out[:, :9])
    if which.answers is not None:
        assert set(np.unique(out)) <= set(range(which.answers[0], which.answers[1] + 1))


def test_inputs_are_drawn_by_the_seed() -> None:
    which = rule("sum")
    np.testing.assert_array_equal(which.sample(8, 10, 3, "a"), which.sample(8, 10, 3, "a"))
    assert (which.sample(8, 10, 3, "a") != which.sample(8, 10, 4, "a")).any()
    assert (which.sample(8, 10, 3, "a") != which.sample(8, 10, 3, "b")).any()


def test_there_are_always_fresh_rules() -> None:
    names = {drawn(seed).name for seed in range(300)}
    assert {n.split()[0] for n in names} == set(FAMILIES)
    assert len(names - {r.name for r in LISTED}) >= 10


def test_rules_are_right_on_examples_worked_by_hand() -> None:
    assert answers(rule("previous", k=2), 1, 2, 3, 4) == [0, 0, 1, 2]
    assert answers(rule("sum-last", k=3), 1, 2, 3, 4) == [1, 3, 6, 9]
    assert answers(rule("divisible", m=3), 1, 1, 0, 1, 1) == [0, 1, 1, 0, 1]  # 1, 3, 6, 13, 27
    assert answers(rule("balanced"), 1, 0, 1, 1, 0, 0, 0, 1) == [0, 1, 0, 0, 0, 1, 0, 0]
    assert answers(rule("run", cap=3), 1, 1, 0, 0, 0, 0, 1) == [1, 2, 1, 2, 3, 3, 1]
    assert answers(rule("dither", full=4), 2, 2, 3, 3, 3) == [0, 1, 0, 1, 1]
    assert answers(rule("mode", high=2), 2, 1, 1, 0, 0) == [2, 1, 1, 1, 0]
    assert answers(rule("gravity", g=1), 1, 1, 3) == [0, 0, 2]
    assert answers(rule("spring"), 1, 0, 0, 0) == [1, 1, 0, -1]
    assert answers(rule("square"), 0, 1, 2, 4, 9, 15, 16) == [1, 1, 0, 1, 1, 0, 1]
    pairs = np.array([[[7, 1], [7, 0], [0, 0]]])
    assert rule("add-base", b=8)(pairs)[0].tolist() == [0, 0, 1]  # 77 + 1 in base 8 is 100


def test_half_of_the_bracket_sequences_never_go_below_nothing() -> None:
    values = rule("balanced").sample(400, 40, 0)[..., 0]
    depth = np.cumsum(2 * values - 1, 1)
    assert 0.4 < float((depth.min(1) >= 0).mean()) < 0.7


def test_a_wrong_name_or_option_says_what_there_is() -> None:
    with pytest.raises(UserError, match="sum-last"):
        rule("sum-lst", k=2)
    with pytest.raises(UserError, match="takes k"):
        rule("sum-last")
    with pytest.raises(UserError, match="2, 3"):
        rule("sum-last", k=99)
