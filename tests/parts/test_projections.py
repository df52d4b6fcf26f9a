"""Rules on one weighed sum: they are found from inputs and answers, with one limit or two."""

from __future__ import annotations

import numpy as np
import pytest

from fairfight.parts.identification.projections import directions, limited, simplest


def inputs(n: int = 600) -> np.ndarray:
    """Five numbers each."""
    return np.random.default_rng(0).integers(0, 9, (n, 5))


def test_limits_are_the_best_ones_for_a_direction_either_way_round() -> None:
    x = inputs()
    sums = x[:, 0] - 2 * x[:, 1]
    for yes, high in ((sums >= -3, None), ((sums >= -6) & (sums <= 1), 1)):
        for sign in (1.0, -1.0):
            found = limited(x, yes, sign * np.array([1.0, -2, 0, 0, 0]), grain=2)
            assert found.agreement == 1
            assert (found(x) == yes).all()
            assert (found.high is None) is (high is None)


@pytest.mark.parametrize("band", [False, True])
def test_a_rule_on_a_sum_is_found_from_answers(band: bool) -> None:
    x = inputs(2000)
    sums = x @ np.array([1, 1, -1, 0, 0])
    yes = (sums >= 2) & (sums <= 6) if band else sums >= 4
    fresh = np.random.default_rng(1).integers(0, 9, (500, 5))
    right = fresh @ np.array([1, 1, -1, 0, 0])
    wanted = (right >= 2) & (right <= 6) if band else right >= 4
    best = max((simplest(x, yes, d) for d in directions(x.astype(float), yes)), key=lambda fit: fit.agreement)
    assert (best(fresh) == wanted).mean() > 0.97


def test_one_answer_has_no_direction() -> None:
    assert directions(inputs().astype(float), np.ones(600, bool)) == []
    assert limited(inputs(), np.ones(600, bool), np.zeros(5)).agreement == 1
