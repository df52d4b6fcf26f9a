"""Paired differences: what must never change them, and that they promise no more than they hold."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairfight.arena.records import CaseRecord, MatchRecord
from fairfight.verdict.columns import Ring, rings
from fairfight.verdict.contrasts import contrasts
from fairfight.verdict.records import Contrast
from tests.verdict.fights import fight

FIGURES = ("difference", "low", "high", "p", "p_holm", "tost_p", "mde")


def ring(found: tuple[list[MatchRecord], list[CaseRecord]]) -> Ring:
    (only,) = rings(*found)
    return only


def between(r: Ring, a: str, b: str, **options: object) -> Contrast:
    pair = (r.contenders.index(a), r.contenders.index(b))
    (found,) = contrasts(r, [pair], draws=400, **options)  # type: ignore[arg-type]
    return found


def figures(c: Contrast) -> list[float]:
    return [getattr(c, name) for name in FIGURES]


designs = st.fixed_dictionaries(
    {
        "cases": st.integers(2, 14),
        "seeds": st.integers(1, 3),
        "seed": st.integers(0, 999),
        "seed_sd": st.floats(0.0, 0.2),
    }
)


@settings(max_examples=25, deadline=None)
@given(designs)
def test_antisymmetric(design: dict[str, int]) -> None:
    r = ring(fight({"tool": 0.8, "base": 0.75}, **design))
    there, back = between(r, "tool", "base"), between(r, "base", "tool")
    assert there.difference == pytest.approx(-back.difference)
    assert (there.p, there.tost_p, there.mde) == pytest.approx((back.p, back.tost_p, back.mde))
    # Quantiles of the mirrored draws are the mirrored quantiles.
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(designs, st.floats(-5, 5))
def test_adding_a_constant_to_both_changes_nothing(design: dict[str, int], constant: float) -> None:
    matches, cases = fight({"tool": 0.8, "base": 0.75}, **design)
    moved = [replace(m, score=m.score + constant) for m in matches]
    plain, shifted = (between(ring((m, cases)), "tool", "base") for m in (matches, moved))
    assert figures(plain) == pytest.approx(figures(shifted), abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(designs, st.integers(0, 10**6))
def test_the_order_of_records_changes_nothing_to_the_last_bit(design: dict[str, int], salt: int) -> None:
    matches, cases = fight({"tool": 0.8, "base": 0.75}, **design)
    plain = between(ring((matches, cases)), "tool", "base")
    rng = random.Random(salt)
    rng.shuffle(matches)
    rng.shuffle(cases)
    assert between(ring((matches, cases)), "tool", "base") == plain


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(12)))
def test_which_case_is_which_changes_nothing(order: list[int]) -> None:
    r = ring(fight({"tool": 0.8, "base": 0.75}, cases=12))
    shuffled = replace(r, scores=r.scores[:, order])
    plain, moved = between(r, "tool", "base"), between(shuffled, "tool", "base")
    exact = ("difference", "p", "tost_p", "mde")
    assert [getattr(plain, n) for n in exact] == pytest.approx([getattr(moved, n) for n in exact])
    # Draws name cases by place, so the interval moves by its Monte Carlo error, and by no more.
    assert (moved.low, moved.high) == pytest.approx((plain.low, plain.high), abs=0.3 * (plain.high - plain.low))


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.2, 0.2), st.floats(0.0, 0.2), st.integers(10, 25), st.integers(0, 99))
def test_never_equivalent_at_the_wrong_side(gap: float, sd: float, cases: int, seed: int) -> None:
    c = between(ring(fight({"tool": 0.7 + gap, "base": 0.7}, cases=cases, case_sd=sd, seed=seed)), "tool", "base")
    if c.equivalent:
        assert abs(c.difference) < c.margin
    if c.low > c.margin or c.high < -c.margin:
        assert c.equivalent is False


def test_fewer_than_ten_cases_never_give_a_winner_or_equivalence() -> None:
    few = between(ring(fight({"tool": 0.9, "base": 0.6}, cases=9)), "tool", "base")
    assert few.p < 0.01
    assert few.low > 0
    assert (few.winner, few.decided, few.equivalent) == (None, False, None)
    assert between(ring(fight({"tool": 0.9, "base": 0.6}, cases=10)), "tool", "base").winner == "tool"


def test_ties_decide_nothing() -> None:
    matches, cases = fight({"tool": 0.8}, seed=4)
    twin = [
        replace(m, plan=replace(m.plan, contender="base", kind="baseline")) for m in matches if m.plan.kind == "tool"
    ]
    c = between(ring((matches + twin, cases)), "tool", "base")
    assert (c.difference, c.low, c.high, c.p) == (0.0, 0.0, 0.0, 1.0)
    assert c.equivalent
    assert c.winner is None


def test_only_pairs_that_both_sides_have_count() -> None:
    matches, cases = fight({"tool": 0.8, "base": 0.7}, cases=12)
    lame = [m for m in matches if not (m.plan.contender == "base" and m.plan.case_id == "0003")]
    lame = [m for m in lame if not (m.plan.contender == "tool" and m.plan.case_id == "0005" and m.plan.seed == 1)]
    c = between(ring((lame, cases)), "tool", "base")
    assert (c.cases, c.pairs, c.missing, c.seeds) == (11, 32, 4, 3)


def test_nobody_met() -> None:
    matches, cases = fight({"tool": 0.8, "base": 0.7}, cases=4)
    apart = [m for m in matches if (m.plan.contender == "tool") == (m.plan.case_id < "0002")]
    c = between(ring((apart, cases)), "tool", "base")
    assert c.cases == 0
    assert math.isnan(c.difference)
    assert math.isnan(c.p)
    assert (c.equivalent, c.winner) == (None, None)


def test_holm_over_the_family() -> None:
    r = ring(fight({"tool-a": 0.72, "tool-b": 0.71, "base": 0.7}, case_sd=0.03))
    pairs = [(r.contenders.index(t), r.contenders.index("base")) for t in ("tool-a", "tool-b")]
    family = contrasts(r, pairs, draws=2000)
    smaller = min(family, key=lambda c: c.p)
    assert smaller.p_holm == pytest.approx(2 * smaller.p)
    alone = contrasts(r, pairs[:1], draws=2000, correction="none")[0]
    assert alone.p_holm == alone.p == family[0].p
    assert alone.mde < family[0].mde


def chosen_pair_covered(tools: int, baselines: int, rounds: int) -> tuple[float, float, float]:
    """How often the interval of the pair that the scores chose holds its true difference (none): three ways."""
    names = {f"tool-{i}": 0.7 for i in range(tools)} | {f"base-{i}": 0.7 for i in range(baselines)}
    joint = plain = anew = 0
    for seed in range(rounds):
        r = ring(fight(names, case_sd=0.1, seed_sd=0.05, controls=False, seed=seed))
        pairs = [(i, j) for i in r.of_kind("tool") for j in r.of_kind("baseline")]
        means = r.scores.mean((1, 2))
        first, second = (max(r.of_kind(kind), key=lambda i: means[i]) for kind in ("tool", "baseline"))
        best = pairs.index((first, second))
        for correction in ("simultaneous", "holm"):
            c = contrasts(r, pairs, draws=1000, correction=correction, seed=seed)[best]  # type: ignore[arg-type]
            inside = c.low <= 0 <= c.high
            joint, plain = joint + (inside and correction != "holm"), plain + (inside and correction == "holm")
        taken = np.random.default_rng(seed).integers(0, 20, (1000, 20))
        drawn = r.scores.mean(2)[:, taken].mean(-1)
        again = drawn[r.of_kind("tool")].max(0) - drawn[r.of_kind("baseline")].max(0)
        low, high = np.quantile(again, [0.025, 0.975])
        anew += low <= 0 <= high
    return joint / rounds, plain / rounds, anew / rounds


@pytest.mark.slow
def test_intervals_hold_for_the_pair_that_the_scores_chose() -> None:
    joint, _, anew = chosen_pair_covered(8, 2, 300)
    assert joint >= 0.95
    assert anew < 0.92, "choosing again in each draw is not enough"
    joint, plain, _ = chosen_pair_covered(12, 1, 300)
    assert joint >= 0.94
    assert plain < 0.9, "an interval that ignores the choice is not enough either"
