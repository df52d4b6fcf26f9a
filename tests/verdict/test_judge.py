"""From matches to verdicts."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from fairfight.errors import UserError
from fairfight.verdict import Verdict, judge
from tests.verdict.fights import case, fight, match, tuned

FIELD = {"tool-a": 0.80, "tool-b": 0.70, "base-a": 0.84, "base-b": 0.70, "combo": 0.88}


def one(*args: Any, **options: Any) -> Verdict:
    options.setdefault("draws", 1000)
    (verdict,) = judge(*args, **options)
    return verdict


def dev(**scores: float) -> list[Any]:
    return [tuned(name.replace("_", "-"), [score - 0.1, score]) for name, score in scores.items()]


def test_a_loss_in_plain_words() -> None:
    v = one(*fight(FIELD))
    assert v.headline.startswith("In detect (quick), the best tool tool-a is behind the best baseline base-a by .03")
    assert "on 20 cases with 3 seeds each" in v.headline
    assert v.primary is not None
    assert v.primary.winner == "base-a"
    assert (v.cases, v.seeds, v.budget) == (20, 3, "default")


def test_a_win_a_draw_and_a_shrug() -> None:
    assert "is ahead of the baseline base by .1" in one(*fight({"tool": 0.95, "base": 0.8})).headline
    draw = one(*fight({"tool": 0.8, "base": 0.8}))
    assert "as good as the baseline base to within .050" in draw.headline
    shrug = one(*fight({"tool": 0.8, "base": 0.8}, case_sd=0.15))
    assert "cannot be told from" in shrug.headline
    assert "would be seen four times in five" in shrug.headline


def test_too_few_cases_say_so() -> None:
    v = one(*fight({"tool": 0.95, "base": 0.6}, cases=4))
    assert "4 cases are too few for a verdict (10 needed)" in v.headline
    assert v.primary is not None
    assert v.primary.winner is None
    assert any("never give a winner" in c for c in v.caveats)


@pytest.mark.parametrize(
    ("means", "reason"), [({"tool": 0.9}, "no baseline"), ({"base": 0.9}, "no tool"), ({}, "no tool")]
)
def test_half_a_field_gives_no_verdict(means: dict[str, float], reason: str) -> None:
    v = one(*fight(means))
    assert f"no verdict: {reason} among the matches" in v.headline
    assert v.primary is None
    assert len(v.standings) == 2 + len(means)


def test_nothing_gives_nothing() -> None:
    assert judge([], []) == []
    assert judge([], [case(1)]) == []


def test_standings() -> None:
    matches, cases = fight(FIELD)
    spoiled = [
        replace(m, status="failed" if m.plan.seed else "over-budget", score=0.5, metrics={})
        if (m.plan.contender, m.plan.case_id) == ("tool-b", "0000") else m
        for m in matches
    ]  # fmt: skip
    v = one(spoiled, cases)
    scores = [s.score for s in v.standings]
    assert scores == sorted(scores, reverse=True)
    by_name = {s.contender: s for s in v.standings}
    b = by_name["tool-b"]
    assert (b.failures, b.over_budget, b.matches, b.cases) == (2, 1, 60, 20)
    assert b.statuses == {"failed": 2, "ok": 57, "over-budget": 1}
    assert b.score == pytest.approx((19 * 0.70 + 0.5) / 20, abs=0.01)
    assert b.metrics["auroc"] == pytest.approx(b.score, abs=0.01), "failed matches count with the floor in every metric"
    assert (b.flops, b.cpu_seconds) == (1000, 0.5)
    assert by_name["random"].normalised == 0.0
    assert by_name["oracle"].normalised == 1.0
    assert by_name["tool-a"].normalised == pytest.approx(0.6, abs=0.04)
    assert all(s.low <= s.score + 1e-9 and s.score - 1e-9 <= s.high for s in v.standings)
    assert {s.contender for s in v.standings if s.tier == 0} == {"random", "oracle", "base-a", "base-b"}


def test_the_contrasts_of_the_whole_field() -> None:
    v = one(*fight(FIELD | {"sae-placebo": 0.8}))
    assert [c.a for c in v.contrasts] == ["combo", "tool-a", "tool-b"]
    assert {c.b for c in v.contrasts} == {"base-a"}
    assert {(c.a, c.b) for c in v.controls} == {
        ("combo", "random"), ("tool-a", "random"), ("tool-b", "random"), ("tool-a", "sae-placebo")
    }  # fmt: skip
    assert any("placebo sae-placebo" in c for c in v.caveats)
    assert set(v.by_modality) == {"vision", "language"}
    assert all(c.cases == 10 for c in v.by_modality.values())


class TestChoice:
    def test_development_scores_choose_even_against_the_scored_cases(self) -> None:
        v = one(*fight(FIELD), dev(tool_a=0.6, tool_b=0.9, base_a=0.9, base_b=0.8))
        assert v.primary is not None
        assert (v.primary.a, v.primary.b, v.primary.choice) == ("tool-b", "base-a", "development")
        assert v.primary.p_holm == v.primary.p
        assert not any("scored cases themselves" in c for c in v.caveats)

    def test_a_baseline_without_development_score_cannot_be_left_out(self) -> None:
        v = one(*fight(FIELD), dev(tool_a=0.9, tool_b=0.8, base_b=0.7))
        assert v.primary is not None
        assert (v.primary.b, v.primary.choice) == ("base-a", "scored")
        assert any("no development score for base-a" in c for c in v.caveats)

    def test_chosen_by_the_scored_cases_the_interval_is_wider(self) -> None:
        found = fight(FIELD)
        free = one(*found).primary
        chosen = one(*found, dev(tool_a=0.9, tool_b=0.1, base_a=0.9, base_b=0.1)).primary
        assert free is not None
        assert chosen is not None
        assert (free.a, free.b, free.difference) == (chosen.a, chosen.b, chosen.difference)
        assert free.high - free.low > chosen.high - chosen.low
        assert free.p_holm >= chosen.p_holm

    def test_ties_on_development_cases_are_told(self) -> None:
        v = one(*fight(FIELD), dev(tool_a=0.9, tool_b=0.9, base_a=0.9, base_b=0.1))
        assert v.primary is not None
        assert v.primary.a == "tool-a"
        assert any("tie" in c and "tool-a, tool-b" in c for c in v.caveats)

    def test_failed_trials_and_other_suites_do_not_choose(self) -> None:
        records = dev(tool_a=0.6, tool_b=0.5, base_a=0.9, base_b=0.8)
        records[1] = replace(
            records[1],
            trials=[
                {"params": {}, "score": 0.99, "status": "failed"},
                {"params": {}, "score": float("nan")},
                {"params": {}, "score": None},
                {"params": {}, "score": 0.5, "status": "ok"},
            ],
        )
        records.append(tuned("tool-b", [0.99], suite="tour"))
        v = one(*fight(FIELD), records)
        assert v.primary is not None
        assert v.primary.a == "tool-a"

    def test_declared_beforehand(self) -> None:
        v = one(*fight(FIELD), primary=("tool-b", "base-b"))
        assert v.primary is not None
        assert (v.primary.a, v.primary.b, v.primary.choice) == ("tool-b", "base-b", "declared")
        with pytest.raises(UserError, match="tool-z"):
            one(*fight(FIELD), primary=("tool-z", "base-b"))


class TestVoid:
    def test_builders_void_and_weak_oracles_are_listed_and_not_scored(self) -> None:
        matches, cases = fight(FIELD)
        cases[3] = case(3, void="the fault did not take")
        weak = [
            replace(m, score=0.55) if (m.plan.contender, m.plan.case_id) == ("oracle", "0005") else m for m in matches
        ]
        v = one(weak, cases)
        assert v.void_cases["case-3"] == "the fault did not take"
        assert "oracle does not clearly beat random" in v.void_cases["case-5"]
        assert v.cases == 18
        assert v.primary is not None
        assert v.primary.cases == 18
        assert any("2 of 20 cases are void" in c for c in v.caveats)

    def test_one_lucky_guess_of_randoms_is_no_reason(self) -> None:
        matches, cases = fight(FIELD, cases=12)
        lucky = [
            replace(m, score=1.0 if m.plan.seed == 0 else 0.0) if m.plan.contender == "random" else m for m in matches
        ]
        assert one(lucky, cases).void_cases == {}

    def test_a_void_case_without_matches_and_a_void_match(self) -> None:
        matches, cases = fight(FIELD, cases=12)
        cases.append(case(40, void="could not be built"))
        matches.append(match("tool-a", 2, 7, 0.0, status="void", reason="no suspects"))
        v = one(matches, cases)
        assert v.void_cases == {"case-2": "no suspects", "case-40": "could not be built"}

    def test_all_void(self) -> None:
        matches, cases = fight(FIELD, cases=3)
        v = one(matches, [replace(c, void="broken") for c in cases])
        assert "no verdict: no valid case" in v.headline
        assert (v.cases, len(v.void_cases), v.primary) == (0, 3, None)

    def test_without_controls_nothing_can_be_checked_and_that_is_said(self) -> None:
        v = one(*fight(FIELD, controls=False))
        assert v.void_cases == {}
        assert any("No matches of random or oracle" in c for c in v.caveats)
        assert v.standings[0].normalised is None

    def test_two_draws_may_have_cases_of_one_name(self) -> None:
        matches, cases = fight(FIELD, cases=3)
        twins = [replace(c, name="same", void="broken") for c in cases[:2]]
        assert set(one(matches, [*twins, cases[2]]).void_cases) == {"same (0000)", "same (0001)"}


class TestWhatCounts:
    def test_suites_budgets_and_development_cases_are_kept_apart(self) -> None:
        quick, cases = fight(FIELD, cases=3)
        tour, _ = fight(FIELD, cases=2, suite="tour")
        small, _ = fight(FIELD, cases=3, budget="1000000")
        practice = [match("tool-a", 90, 0, 0.9)]
        cases += [case(0, suite="tour"), case(1, suite="tour"), replace(case(90), split="dev")]
        found = judge(quick + tour + small + practice, cases, draws=100)
        assert [(v.suite, v.budget, v.cases) for v in found] == [
            ("quick", "1000000", 3), ("quick", "default", 3), ("tour", "default", 2)
        ]  # fmt: skip
        assert [v.suite for v in judge(quick + tour, cases, suite="tour", draws=100)] == ["tour"]
        assert judge(quick, cases, task="repair") == []

    def test_only_the_newest_code_counts(self) -> None:
        matches, cases = fight(FIELD)
        old = [
            match("tool-a", i, j, 0.99, fingerprint="old", started="2025-01-01T00:00:00+00:00")
            for i in range(20) for j in range(3)
        ]  # fmt: skip
        v = one(matches + old, cases)
        assert v.primary == one(matches, cases).primary
        assert any("60 older or repeated matches of tool-a" in c for c in v.caveats)

    def test_more_tuning_counts_before_a_later_repeat_and_uneven_tuning_is_told(self) -> None:
        matches, cases = fight(FIELD)
        better = [match("tool-a", i, j, 0.9, trials=6, params={"k": 3}) for i in range(20) for j in range(3)]
        later = [
            match("tool-a", i, j, 0.1, params={"k": 1}, started="2026-03-01T00:00:00+00:00")
            for i in range(20) for j in range(3)
        ]  # fmt: skip
        plain = [replace(m, plan=replace(m.plan, params={"a": 1})) for m in matches]
        v = one(plain + better + later, cases)
        assert v.primary is not None
        assert v.primary.difference == pytest.approx(0.06, abs=0.01)
        assert any("Tuning was not equal" in c and "tool-a: 6 trials" in c for c in v.caveats)

    def test_a_match_given_twice_counts_once(self) -> None:
        matches, cases = fight(FIELD)
        assert one(matches + matches, cases) == one(matches, cases)

    def test_holes_are_told(self) -> None:
        matches, cases = fight(FIELD)
        v = one([m for m in matches if (m.plan.contender, m.plan.case_id) != ("tool-a", "0001")], cases)
        assert any("Not everyone fought everywhere" in c and "tool-a" in c for c in v.caveats)
        assert any("3 case-and-seed pairs" in c for c in v.caveats)

    def test_cases_that_nobody_fought_yet_are_no_cases(self) -> None:
        matches, cases = fight(FIELD, cases=12)
        v = one(matches, [*cases, case(50)])
        assert v.cases == 12
        assert any("1 case built but not fought yet" in c for c in v.caveats)

    def test_matches_without_a_case_record(self) -> None:
        matches, _ = fight(FIELD)
        assert one(matches, []).cases == 20


def test_same_seed_same_verdict_in_any_order() -> None:
    matches, cases = fight(FIELD)
    records = dev(tool_a=0.6, tool_b=0.9, base_a=0.9, base_b=0.8)
    first = one(matches, cases, records)
    random.Random(1).shuffle(matches)
    random.Random(2).shuffle(cases)
    random.Random(3).shuffle(records)
    assert one(matches, cases, records) == first
    other = one(matches, cases, records, seed=1)
    assert other != first
    assert other.primary is not None
    assert first.primary is not None
    assert other.primary.difference == first.primary.difference


def test_a_thousand_times_a_hundred_matches_are_judged_in_three_seconds() -> None:
    names = {f"tool-{i}": 0.7 + 0.01 * i for i in range(9)} | {f"base-{i}": 0.7 + 0.01 * i for i in range(8)}
    matches, cases = fight(names | {"combo": 0.7}, cases=1000, seeds=5)
    assert len(matches) == 100_000
    judge(*fight({"tool": 0.8, "base": 0.7}))  # SciPy and thread pools load on first use
    start = time.process_time()
    judge(matches, cases)
    assert time.process_time() - start <= 3.0


def test_looking_at_verdicts_loads_no_heavy_library() -> None:
    code = (
        "import sys, fairfight.verdict, fairfight.verdict.judging;"
        "print([m for m in ('torch', 'scipy', 'sklearn', 'optuna') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
