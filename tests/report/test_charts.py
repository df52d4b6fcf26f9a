from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fairfight.report.charts import MARK, contrasts, forest, outcome
from fairfight.report.cost import cost, frontier, ticks
from fairfight.report.labels import _box, _overlap, place
from fairfight.verdict import Verdict
from tests.synthetic import HOSTILE


def rows(spec: dict) -> list[dict]:
    return [row for values in spec["datasets"].values() for row in values] if "datasets" in spec else inline(spec)


def inline(spec: dict) -> list[dict]:
    own = spec.get("data", {}).get("values", [])
    return own + [row for layer in spec.get("layer", []) for row in inline(layer)]


def domain(spec: dict) -> list[str]:
    return next(d for layer in spec["layer"] if (d := layer["encoding"].get("y", {}).get("scale", {}).get("domain")))


def test_the_forest_groups_contenders_by_kind_and_leaves_controls_to_the_walls(verdicts: list[Verdict]) -> None:
    spec = forest(verdicts[0], "AUROC")
    order = domain(spec)
    assert order[0] == MARK + "Tools"
    assert order.index(MARK + "Tools") < order.index("pca-reconstruction") < order.index(MARK + "Baselines")
    assert not {"random", "oracle"} & set(order)
    assert {"random", "oracle"} <= {r["name"] for r in rows(spec)}


def test_the_second_view_runs_from_random_0_to_oracle_1(verdicts: list[Verdict]) -> None:
    found = {r["name"]: r["mean"] for r in rows(forest(verdicts[0], "x", "normalised"))}
    assert found["random"] == pytest.approx(0)
    assert found["oracle"] == pytest.approx(1)


def test_contrasts_show_every_tool_and_the_margin(verdicts: list[Verdict]) -> None:
    spec = contrasts(verdicts[0])
    assert {r["name"] for r in rows(spec)} == {c.a for c in verdicts[0].contrasts}
    assert {r["more"] for r in rows(spec)} == {verdicts[0].contrasts[0].margin}


def test_an_outcome_says_who_is_better_only_when_it_is_established(verdicts: list[Verdict]) -> None:
    c = replace(verdicts[0].contrasts[0], cases=20, p_holm=0.01, difference=0.1, low=0.05, high=0.15)
    assert outcome(c) == "tool better"
    assert outcome(replace(c, difference=-0.1, low=-0.15, high=-0.05)) == "baseline better"
    assert outcome(replace(c, p_holm=0.2, equivalent=True)) == "no different"
    assert outcome(replace(c, cases=4, equivalent=None)) == "open"


def test_nobody_on_the_frontier_is_beaten_by_anyone_cheaper(verdicts: list[Verdict]) -> None:
    shown = [s for s in verdicts[0].standings if s.flops > 0]
    best = frontier(shown)
    for s in best:
        assert not any(o.flops <= s.flops and o.score > s.score for o in shown)
    assert max(shown, key=lambda s: s.score) in best


def test_cost_has_a_logarithmic_scale_with_round_ticks(verdicts: list[Verdict]) -> None:
    spec = cost(verdicts[0], "AUROC")
    assert '"type": "log"' in json.dumps(spec)
    assert ticks(4e9, 1.2e11) == [5e9, 1e10, 2e10, 5e10, 1e11]
    assert ticks(1e3, 1e9) == [10.0**p for p in range(3, 10)]


def test_names_that_are_shown_do_not_overlap() -> None:
    names = [("mahalanobis", 100.0, 100.0), ("knn", 104.0, 101.0), ("energy", 98.0, 99.0), ("strip", 400.0, 20.0)] * 3
    found = place(names, [], [], 500, 200)
    boxes = [_box(t, x + p.dx, y + p.dy, p) for (t, x, y), p in zip(names, found, strict=True) if p]
    assert len(boxes) >= 4
    assert not any(_overlap(a, b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert None in found


def test_hostile_names_and_missing_figures_still_make_charts(verdicts: list[Verdict]) -> None:
    first, *others = verdicts[0].standings
    odd = replace(others[3], contender=HOSTILE, low=float("nan"), high=float("nan"), normalised=None)
    broken = replace(verdicts[0], standings=(first, odd, *others[4:]))
    for spec in (forest(broken, "x"), forest(broken, "x", "normalised"), cost(broken, "x")):
        json.dumps(spec, allow_nan=False)
    assert "\x1b" not in json.dumps(forest(broken, "x"), ensure_ascii=False)


def test_a_verdict_without_standings_still_makes_charts(verdicts: list[Verdict]) -> None:
    empty = replace(verdicts[0], standings=(), contrasts=(), primary=None)
    for spec in (forest(empty, "x"), cost(empty, "x"), contrasts(empty)):
        json.dumps(spec, allow_nan=False)
