from __future__ import annotations

import json
from dataclasses import replace

from fairfight.report.matches import compact
from tests.synthetic import HOSTILE, Records


def test_every_match_can_be_read_back(run: Records) -> None:
    data = compact(run.matches)
    assert data["n"] == len(run.matches) == len(data["ids"]) == len(set(data["ids"]))
    for row in (0, 17, 500, len(run.matches) - 1):
        match = run.matches[row]

        def name(column: str, row: int = row) -> str:
            return data["names"][column][data["columns"][column][row]]

        assert data["ids"][row] == match.id
        assert name("contender") == match.plan.contender
        assert name("status") == match.status
        assert data["kinds"][data["columns"]["contender"][row]] == match.plan.kind
        assert json.loads(name("params") or "{}").keys() == match.plan.params.keys()
        assert data["columns"]["score"][row] == round(match.score, 6)
        assert data["columns"]["flops"][row] == match.cost.flops
        for metric, values in data["metrics"].items():
            assert (values[row] is None) == (metric not in match.metrics)


def test_each_text_is_written_once(run: Records) -> None:
    size = len(json.dumps(compact(run.matches)))
    assert size / len(run.matches) < 200
    assert len(compact(run.matches)["names"]["contender"]) == 14


def test_control_characters_are_spelt_out(run: Records) -> None:
    reasons = compact(run.matches)["names"]["reason"]
    assert any(r.startswith("<script>") for r in reasons)
    assert HOSTILE not in reasons
    assert all("\x1b" not in r for r in reasons)


def test_scores_that_are_no_numbers_become_none(run: Records) -> None:
    odd = replace(run.matches[0], score=float("nan"), metrics={"auroc": float("inf")})
    data = compact([odd])
    assert data["columns"]["score"] == [None]
    assert data["metrics"] == {"auroc": [None]}


def test_no_match_is_no_problem() -> None:
    assert compact([])["n"] == 0
