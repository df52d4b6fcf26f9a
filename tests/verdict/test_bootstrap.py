"""Intervals that respect cases and seeds as two levels."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairfight.verdict.stats.bootstrap import case_means, cluster_bootstrap, hierarchical_draws, hierarchical_interval


def simulate(rows: int, cases: int, seeds: int, between: float, within: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return between * rng.normal(size=(rows, cases, 1)) + within * rng.normal(size=(rows, cases, seeds))


def coverage(values: np.ndarray, **options: bool) -> float:
    found = hierarchical_interval(values, draws=3000, **options)
    return float(((found.low <= 0) & (found.high >= 0)).mean())


@pytest.mark.parametrize(("between", "within"), [(1.0, 0.0), (1.0, 0.5), (1.0, 1.0)])
def test_twenty_cases_by_three_seeds_cover_95_in_100(between: float, within: float) -> None:
    assert 0.935 <= coverage(simulate(3000, 20, 3, between, within)) <= 0.965


def test_noise_between_seeds_is_not_counted_twice() -> None:
    values = simulate(1500, 20, 3, 1.0, 3.0)
    assert 0.94 <= coverage(values) <= 0.975
    assert coverage(values, shrink=False) > 0.98


def test_a_bootstrap_over_matches_instead_of_cases_would_promise_too_much() -> None:
    values = simulate(1000, 20, 3, 1.0, 0.2)
    as_if_independent = values.reshape(1000, 60, 1)
    assert coverage(as_if_independent) < 0.8 < coverage(values)


@pytest.mark.parametrize("cases", [5, 10, 40])
def test_few_and_many_cases(cases: int) -> None:
    assert 0.91 <= coverage(simulate(2000, cases, 3, 1.0, 0.5, seed=cases)) <= 0.975


def test_a_draw_has_the_variance_of_the_mean() -> None:
    values = simulate(1, 25, 4, 1.0, 2.0, seed=3)
    drawn = hierarchical_draws(values, draws=20_000)[:, 0]
    means = case_means(values)[0]
    assert drawn.mean() == pytest.approx(means.mean(), abs=0.01)
    assert drawn.var() * 25 == pytest.approx(means.var(ddof=1), rel=0.08)


def test_same_seed_same_interval_and_another_seed_another() -> None:
    values = simulate(3, 12, 3, 1.0, 1.0)
    first, again, other = (hierarchical_interval(values, draws=500, seed=s) for s in (1, 1, 2))
    assert (first.low == again.low).all()
    assert (first.low != other.low).any()


def test_kept_and_streamed_weights_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values = simulate(2, 15, 3, 1.0, 1.0)
    kept = hierarchical_draws(values, draws=400)
    monkeypatch.setattr("fairfight.verdict.stats.bootstrap._KEEP", 0)
    np.testing.assert_allclose(hierarchical_draws(values, draws=400), kept, atol=1e-12)


def test_missing_cells_are_left_out_and_cases_weigh_the_same() -> None:
    values = np.full((2, 4, 3), np.nan)
    values[0, 0] = 1.0
    values[0, 1, 0] = 3.0
    values[1, 2] = 5.0
    found = hierarchical_interval(values, draws=200)
    assert found.estimate.tolist() == [2.0, 5.0]
    assert (found.low[0], found.high[0]) == pytest.approx((1.0, 3.0))
    assert np.isnan(found.low[1])


def test_unbalanced_seeds_cover_too() -> None:
    values = simulate(1500, 20, 4, 1.0, 1.0, seed=9)
    values[:, ::2, 2:] = np.nan
    assert 0.935 <= coverage(values) <= 0.97


def test_nothing_at_all() -> None:
    assert np.isnan(hierarchical_interval(np.full((2, 0, 3), np.nan)).estimate).all()
    assert np.isnan(hierarchical_interval(np.full((1, 3, 2), np.nan)).low).all()


def test_one_case_has_no_interval() -> None:
    found = hierarchical_interval(np.ones((1, 1, 3)))
    assert found.estimate[0] == 1.0
    assert np.isnan(found.low[0])


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(1, 4), st.floats(-3, 3), st.floats(0.1, 5))
def test_moves_and_stretches_with_the_data(cases: int, seeds: int, shift: float, scale: float) -> None:
    values = simulate(2, cases, seeds, 1.0, 1.0, seed=cases)
    plain, moved = (hierarchical_interval(v, draws=300) for v in (values, shift + scale * values))
    np.testing.assert_allclose(moved.low, shift + scale * plain.low, atol=1e-8)
    np.testing.assert_allclose(moved.high, shift + scale * plain.high, atol=1e-8)
    assert (plain.low <= plain.high).all()


def test_ten_thousand_draws_for_twenty_contenders_take_well_under_a_second() -> None:
    values = simulate(20, 30, 3, 1.0, 1.0)
    start = time.process_time()
    hierarchical_interval(values, draws=10_000, seed=123)
    assert time.process_time() - start < 0.8


def test_cluster_bootstrap_draws_whole_clusters() -> None:
    rng = np.random.default_rng(0)
    effect = rng.normal(size=30)
    clusters = np.repeat(np.arange(30), 20)
    values = effect[clusters] + 0.1 * rng.normal(size=600)
    mean, low, high = cluster_bootstrap(values, clusters)
    _, cell_low, cell_high = cluster_bootstrap(values, np.arange(600))
    assert low < mean < high
    assert high - low > 3 * (cell_high - cell_low)
    assert high - low == pytest.approx(2 * 1.96 * effect.std() / np.sqrt(30), rel=0.1)
