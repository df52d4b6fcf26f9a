"""What one thing makes of every contender's score, an attacker who knows the detectors for instance."""

from __future__ import annotations

import pytest

from fairfight.verdict import judge
from fairfight.verdict.arms import ATTACKER, siblings
from fairfight.verdict.columns import rings
from tests.verdict.fights import case, match

PLAIN = {"random": 0.5, "oracle": 1.0, "tool": 0.9, "base": 0.95}
KNOWN = {"random": 0.5, "oracle": 1.0, "tool": 0.6, "base": 0.94}


def arms(faults: int = 12):
    cases, matches = [], []
    for i in range(faults):
        for number, planting, means in ((i, "finetune", PLAIN), (100 + i, "adaptive", KNOWN)):
            cases.append(case(number, recipe={"fault": "patch", "seed": i, "planting": planting}))
            matches += [match(name, number, s, mean + 0.001 * i * s) for name, mean in means.items() for s in range(2)]
    return matches, cases


def test_each_contender_is_set_against_itself_on_the_same_faults() -> None:
    matches, cases = arms()
    (verdict,) = judge(matches, cases, draws=2000)
    drop = {c.a: c for c in verdict.arms["planting"]}
    assert set(drop) == {"tool", "base"}
    assert [c.a for c in verdict.arms["planting"]] == ["tool", "base"]
    assert drop["tool"].difference == pytest.approx(-0.3)
    assert drop["base"].difference == pytest.approx(-0.01)
    assert drop["tool"].cases == 12
    assert drop["tool"].high < -0.25
    assert drop["tool"].p_holm < 0.01


def test_a_case_without_its_sibling_is_no_pair() -> None:
    matches, cases = arms(3)
    kept = [c for c in cases if c.id != "0001"]
    (ring,) = rings([m for m in matches if m.plan.case_id != "0001"], kept)
    assert siblings(ring, ATTACKER) == [("0100", "0000"), ("0102", "0002")]


def test_without_such_cases_nothing_is_said() -> None:
    matches, cases = arms(3)
    plain = [c for c in cases if c.recipe["planting"] == "finetune"]
    (verdict,) = judge([m for m in matches if int(m.plan.case_id) < 100], plain)
    assert verdict.arms == {}
