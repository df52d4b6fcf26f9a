"""Permutation, Holm, equivalence, power, proportions: against known values and against simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairfight.verdict.stats.equivalence import tost_p
from fairfight.verdict.stats.multiplicity import holm
from fairfight.verdict.stats.permutation import max_sign_flip_p, sign_flip_p
from fairfight.verdict.stats.power import detectable_effect, minimal_detectable
from fairfight.verdict.stats.proportion import wilson

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def normal(rows: int, cases: int, mean: float = 0.0, sd: float = 1.0, seed: int = 0) -> np.ndarray:
    return mean + sd * np.random.default_rng(seed).normal(size=(rows, cases))


class TestSignFlip:
    def test_exact_value_by_brute_force(self) -> None:
        d = normal(1, 7, 0.5)[0]
        signs = np.array(list(product([1, -1], repeat=7)))
        by_hand = (np.abs(signs @ d) >= abs(d.sum()) - 1e-12).mean()
        assert sign_flip_p(d[None])[0] == pytest.approx(by_hand)

    def test_unanimous_over_ten_cases_survives_fifteen_comparisons(self) -> None:
        p = sign_flip_p(np.linspace(0.1, 0.2, 10)[None])[0]
        assert p == pytest.approx(2 / 2**10)
        assert p * 15 < 0.05
        assert sign_flip_p(np.linspace(0.1, 0.2, 6)[None])[0] == pytest.approx(2 / 2**6)

    @pytest.mark.parametrize("cases", [8, 12, 25])
    @pytest.mark.parametrize("skewed", [False, True])
    def test_type_one_error(self, cases: int, skewed: bool) -> None:
        rng = np.random.default_rng(cases)
        null = rng.normal(size=(4000, cases)) * (rng.exponential(size=(1, cases)) if skewed else 1.0)
        rate = (sign_flip_p(null, draws=2000) < 0.05).mean()
        assert 0.035 <= rate <= 0.062

    def test_monte_carlo_agrees_with_exact(self, monkeypatch: pytest.MonkeyPatch) -> None:
        d = normal(6, 12, 0.4)
        exact = sign_flip_p(d)
        monkeypatch.setattr("fairfight.verdict.stats.permutation.EXACT_UP_TO", 0)
        np.testing.assert_allclose(sign_flip_p(d, draws=40_000), exact, atol=0.01)

    def test_no_difference_and_no_cases(self) -> None:
        assert sign_flip_p(np.zeros((1, 9)))[0] == 1.0
        assert sign_flip_p(np.full((1, 9), np.nan))[0] == 1.0
        assert sign_flip_p(np.zeros((1, 0)))[0] == 1.0

    def test_missing_cases_count_for_nothing(self) -> None:
        d = normal(1, 9, 0.6)
        padded = np.concatenate([d, np.full((1, 4), np.nan)], axis=1)
        assert sign_flip_p(padded)[0] == pytest.approx(sign_flip_p(d)[0])

    @settings(max_examples=30, deadline=None)
    @given(st.integers(1, 14), st.integers(0, 99))
    def test_order_and_sign_do_not_matter(self, cases: int, seed: int) -> None:
        d = normal(1, cases, 0.3, seed=seed)
        p = sign_flip_p(d)[0]
        assert 0 < p <= 1
        assert sign_flip_p(-d)[0] == pytest.approx(p)
        assert sign_flip_p(d[:, ::-1])[0] == pytest.approx(p)

    def test_the_joint_version_holds_its_family_error_and_is_never_below_the_raw_p(self) -> None:
        wrong = 0
        for seed in range(300):
            contenders = normal(6, 12, seed=seed)
            pairs = (contenders[:3, None] - contenders[None, 3:]).reshape(9, 12)
            joint, raw = max_sign_flip_p(pairs), sign_flip_p(pairs)
            assert (joint >= raw - 1e-12).all()
            wrong += joint.min() < 0.05
        assert wrong / 300 <= 0.08


class TestHolm:
    def test_textbook(self) -> None:
        np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])

    @given(P_VALUES)
    def test_never_below_raw_and_in_the_same_order(self, values: list[float]) -> None:
        p = np.array(values)
        adjusted = holm(p)
        assert (adjusted >= p).all()
        assert (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
        assert (adjusted <= np.minimum(1, p * len(p)) + 1e-12).all()

    @given(P_VALUES, st.randoms())
    def test_order_does_not_matter(self, values: list[float], shuffle: object) -> None:
        p = np.array(values)
        order = np.random.default_rng(len(values)).permutation(len(p))
        np.testing.assert_allclose(holm(p)[order], holm(p[order]))

    def test_comparisons_not_made_count_for_nothing(self) -> None:
        adjusted = holm(np.array([0.01, np.nan, 0.02]))
        np.testing.assert_allclose(adjusted[[0, 2]], [0.02, 0.02])
        assert np.isnan(adjusted[1])
        assert len(holm(np.array([]))) == 0


class TestEquivalence:
    @pytest.mark.parametrize("cases", [10, 20])
    def test_error_rate_at_the_margin(self, cases: int) -> None:
        at_margin = normal(6000, cases, mean=0.05, sd=0.06)
        assert (tost_p(at_margin, 0.05) < 0.05).mean() <= 0.058

    def test_the_bootstrap_interval_would_err_more_often_at_ten_cases(self) -> None:
        at_margin = normal(3000, 10, mean=0.05, sd=0.06)
        taken = np.random.default_rng(1).integers(0, 10, (2000, 10))
        drawn = np.stack([at_margin[:, t].mean(1) for t in taken])
        low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
        assert ((low > -0.05) & (high < 0.05)).mean() > 0.065

    def test_thirty_five_organisms_show_five_points_at_a_spread_of_ten(self) -> None:
        assert (tost_p(normal(4000, 35, sd=0.1), 0.05) < 0.05).mean() == pytest.approx(0.8, abs=0.04)

    @settings(max_examples=60, deadline=None)
    @given(st.floats(-0.3, 0.3), st.floats(0.001, 0.2), st.integers(2, 30), st.integers(0, 50))
    def test_never_equivalent_with_a_mean_beyond_the_margin(
        self, mean: float, sd: float, cases: int, seed: int
    ) -> None:
        d = normal(1, cases, mean, sd, seed)
        p = tost_p(d, 0.05)[0]
        assert 0 <= p <= 1
        if abs(d.mean()) >= 0.05:
            assert p >= 0.5
        assert tost_p(-d, 0.05)[0] == pytest.approx(p)

    def test_no_spread_and_too_few(self) -> None:
        d = np.array([[0.01] * 5, [0.2] * 5, [0.0] * 5])
        assert tost_p(d, 0.05).tolist() == [0.0, 1.0, 0.0]
        assert np.isnan(tost_p(np.array([[0.01, np.nan]]), 0.05)[0])


class TestPower:
    @pytest.mark.parametrize(("effect", "cases"), [(0.5, 34), (0.8, 15), (1.0, 10), (1.5, 6)])
    def test_known_sample_sizes(self, effect: float, cases: int) -> None:
        assert detectable_effect(cases) <= effect < detectable_effect(cases - 1)

    @pytest.mark.parametrize(("effect", "cases"), [(0.5, 62), (0.8, 27), (1.0, 19), (1.5, 11)])
    def test_known_sample_sizes_after_fifteen_comparisons(self, effect: float, cases: int) -> None:
        assert detectable_effect(cases, 0.05 / 15) <= effect < detectable_effect(cases - 1, 0.05 / 15)

    @pytest.mark.parametrize("comparisons", [1, 8])
    def test_the_permutation_test_does_see_it_four_times_in_five(self, comparisons: int) -> None:
        sd = 0.1
        mde = detectable_effect(20, 0.05 / comparisons) * sd
        seen = sign_flip_p(normal(2500, 20, mde, sd), draws=6000) < 0.05 / comparisons
        assert seen.mean() == pytest.approx(0.8, abs=0.035)

    def test_in_the_metrics_unit_and_larger_with_more_comparisons(self) -> None:
        d = normal(2, 20, sd=0.1)
        one, many = minimal_detectable(d), minimal_detectable(d, comparisons=10)
        np.testing.assert_allclose(one, d.std(axis=1, ddof=1) * detectable_effect(20))
        assert (many > one).all()
        assert np.isinf(minimal_detectable(np.array([[0.1, np.nan]]))[0])


class TestWilson:
    def test_known_values(self) -> None:
        assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
        assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)

    @given(st.integers(0, 60), st.integers(1, 60))
    def test_within_bounds_around_the_share(self, successes: int, trials: int) -> None:
        successes = min(successes, trials)
        low, high = wilson(successes, trials)
        assert 0 <= low <= successes / trials <= high <= 1
        mirrored = wilson(trials - successes, trials)
        assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)

    def test_no_trials_says_nothing(self) -> None:
        assert wilson(0, 0) == (0.0, 1.0)
