"""Tiers are computed from matches, step by step, and never declared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fairfight.arena.records import SealRecord
from fairfight.verdict import differential_test, judge
from tests.verdict.fights import fight

REAL = {"fault": "patch", "pretrained": "mobilenet"}
FIELD = {"tool-a": 0.9, "base-a": 0.8, "base-b": 0.6}
SEAL = SealRecord(
    commitment="abc", task="detect", suite="quick", secret="s", committed="2026-01-01T00:00:00+00:00", drawn="fresh",
    contenders={"tool-a": "f0", "base-a": "f0"},
)  # fmt: skip
IDS = frozenset(f"{i:04d}" for i in range(20))


def tier(
    means: dict[str, float] = FIELD, *, recipe: dict[str, Any] | None = None, seals: Any = (),
    verified: Any = frozenset(), differentials: Any = None, trials: dict[str, int] | None = None, **design: Any,
) -> tuple[int, str]:  # fmt: skip
    matches, cases = fight(means, **design)
    if recipe is not None:
        cases = [replace(c, recipe={**recipe, "seed": i}) for i, c in enumerate(cases)]
    if trials is not None:
        matches = [
            replace(m, plan=replace(m.plan, params={"k": 1}, trials=trials.get(m.plan.contender, 0))) for m in matches
        ]
    (v,) = judge(matches, cases, None, seals, verified=verified, differentials=differentials, draws=1000)
    (found,) = [s for s in v.standings if s.contender == "tool-a"]
    return found.tier, found.tier_reason


def test_one_claimed() -> None:
    assert tier({"tool-a": 0.5, "base-a": 0.8})[0] == 1
    number, reason = tier({"tool-a": 0.9, "base-a": 0.8}, cases=2)
    assert number == 1
    assert "too few" in reason
    assert "random" in tier(FIELD, controls=False)[1]


def test_two_beats_random_on_some_cases() -> None:
    number, reason = tier(cases=4)
    assert number == 2
    assert "4 organisms" in reason


def test_two_where_cases_are_no_organisms() -> None:
    number, reason = tier(recipe={"data": "real, unknown fault"})
    assert number == 2
    assert "0 organisms" in reason


def test_three_beats_random_on_organisms() -> None:
    number, reason = tier()
    assert number == 3
    assert "not tier 4: 0 sealed" in reason
    assert tier(recipe={"organism": {"fault": "patch"}})[0] == 3, "the fault may be deep in the recipe"


def test_four_beats_every_baseline_on_sealed_real_subjects() -> None:
    number, reason = tier(recipe=REAL, seals=[SEAL], verified=IDS)
    assert number == 4
    assert "Beats all 2 baselines on 20 sealed cases" in reason
    assert tier(recipe=REAL, seals=[SEAL], verified=dict.fromkeys(IDS, "abc"))[0] == 4


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recipe": {"fault": "patch"}}, "0 sealed cases on real"),
        ({"seals": []}, "0 sealed and verified"),
        ({"seals": [replace(SEAL, drawn="public")]}, "0 sealed and verified"),
        ({"seals": [replace(SEAL, suite="tour")]}, "0 sealed and verified"),
        ({"seals": [replace(SEAL, committed="2026-05-01T00:00:00Z")]}, "0 sealed and verified"),
        ({"seals": [replace(SEAL, contenders={"tool-a": "other code"})]}, "not entered with this code"),
        ({"verified": frozenset(sorted(IDS)[:9])}, "9 sealed and verified"),
        ({"trials": {"tool-a": 6, "base-a": 2, "base-b": 2}}, "not the same tuning"),
        ({"means": {"tool-a": 0.9, "base-a": 0.6, "base-b": 0.9}}, "does not beat base-b"),
        ({"means": {"tool-a": 0.9}}, "no baseline"),
    ],
)
def test_what_keeps_a_tool_from_four(changes: dict[str, Any], reason: str) -> None:
    number, said = tier(**{"recipe": REAL, "seals": [SEAL], "verified": IDS, **changes})
    assert number == 3
    assert reason in said


def test_five_needs_the_differential_test() -> None:
    forward, backward = np.linspace(0.2, 0.4, 12), np.linspace(0.0, 0.1, 12)
    holds = differential_test(forward, backward, np.linspace(-0.01, 0.01, 12))
    fails = differential_test(backward, forward, np.zeros(12))
    sealed: dict[str, Any] = {"recipe": REAL, "seals": [SEAL], "verified": IDS}
    assert tier(**sealed, differentials={"tool-a": holds})[0] == 5
    number, reason = tier(**sealed, differentials={"tool-a": fails})
    assert number == 4
    assert "not tier 5" in reason
    assert tier(differentials={"tool-a": holds})[0] == 3, "each tier needs the one below"


class TestDifferential:
    def test_helps_as_much_backwards(self) -> None:
        rng = np.random.default_rng(0)
        found = differential_test(rng.normal(0.3, 0.1, 20), rng.normal(0.3, 0.1, 20), np.zeros(20))
        assert not found.holds
        assert "not clearly above 0" in found.reason

    def test_raises_capability(self) -> None:
        found = differential_test([0.3] * 12, [0.1] * 12, [0.05] * 12)
        assert not found.holds
        assert "raise capability" in found.reason

    def test_capability_must_be_measured_and_cases_enough(self) -> None:
        assert "not measured" in differential_test([0.3] * 12, [0.1] * 12).reason
        assert "only 5 cases" in differential_test([0.3] * 5, [0.1] * 5, [0.0] * 5).reason

    def test_lengths_must_agree(self) -> None:
        with pytest.raises(ValueError, match=r"shape|broadcast"):
            differential_test([0.3] * 12, [0.1] * 11)
