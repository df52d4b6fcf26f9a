"""The differential test from matches in which contenders were run backwards too."""

from __future__ import annotations

import pytest

from fairfight.verdict import judge
from tests.verdict.fights import case, match


def ring(tool_adds: float, base_adds: float, gain: float = 0.0, cases: int = 12):
    """A tool that repairs .2 better than the best baseline, and adds so much when run backwards."""
    forward = {"random": 0.0, "oracle": 1.0, "tool-edit": 0.8, "base": 0.6}
    adds = {"random": 0.0, "oracle": 1.0, "tool-edit": tool_adds, "base": base_adds}
    matches = [
        match(name, i, s, mean + 0.002 * (i % 5) + 0.001 * s, metrics={"added": adds[name] + 0.001 * i, "gain": gain})
        for name, mean in forward.items()
        for i in range(cases)
        for s in range(2)
    ]
    return matches, [case(i) for i in range(cases)]


def test_a_tool_that_repairs_better_and_harms_no_better_holds() -> None:
    (verdict,) = judge(*ring(tool_adds=0.3, base_adds=0.5), draws=2000)
    test = verdict.backwards["tool-edit"]
    assert test.holds
    assert test.difference == pytest.approx(0.4)
    assert test.cases == 12


def test_a_tool_that_harms_as_well_as_it_repairs_does_not_hold() -> None:
    (verdict,) = judge(*ring(tool_adds=0.8, base_adds=0.5), draws=2000)
    test = verdict.backwards["tool-edit"]
    assert not test.holds
    assert test.difference == pytest.approx(-0.1)


def test_a_tool_that_raises_capability_does_not_hold() -> None:
    (verdict,) = judge(*ring(tool_adds=0.3, base_adds=0.5, gain=0.1), draws=2000)
    assert not verdict.backwards["tool-edit"].holds
    assert "capability" in verdict.backwards["tool-edit"].reason


def test_without_backward_runs_there_is_no_test() -> None:
    matches, cases = ring(0.3, 0.5)
    plain = [match(m.plan.contender, int(m.plan.case_id), m.plan.seed, m.score) for m in matches]
    (verdict,) = judge(plain, cases, draws=500)
    assert verdict.backwards == {}


def test_a_figure_that_some_cases_do_not_have_is_a_mean_over_those_that_do() -> None:
    matches, cases = ring(0.8, 0.5)
    bare = [match(m.plan.contender, int(m.plan.case_id) + 50, m.plan.seed, m.score, metrics={}) for m in matches]
    (verdict,) = judge([*matches, *bare], [*cases, *(case(i + 50) for i in range(12))], draws=500)
    (tool,) = [s for s in verdict.standings if s.contender == "tool-edit"]
    assert tool.metrics["added"] == pytest.approx(0.8, abs=0.02)
