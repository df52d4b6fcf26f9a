"""The pool puts first what works and what others find too; placebos know nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fairfight.faults.training import decide
from fairfight.tasks.discover._chance import scrambled
from fairfight.tasks.discover._pooling import Entry, _claim, _in_turn, members, pooled
from fairfight.tasks.discover.brief import MOST, Candidate
from fairfight.tasks.registry import contender
from tests.tasks.test_discover_task import TASK, built, fought, organism

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("discover")]


def test_the_pool_claims_what_enough_members_claim() -> None:
    assert _claim({"a": 0.9}, 2) == 0
    assert _claim({"a": 0.9, "b": 0.3}, 2) == 0.3
    assert _claim({"a": 0.9, "b": 0.6, "c": 0.0}, 2) == 0.6
    assert _claim({"a": 0.9, "b": 0.6, "c": 0.0}, 4) == 0


def test_every_member_has_a_turn_before_any_has_two() -> None:
    entries = [Entry(Candidate(i, 0.5), name, 1.0) for i, name in enumerate("aabca")]
    assert [e.candidate.target for e in _in_turn(entries)] == [0, 2, 3, 1, 4]


def test_members_are_of_the_kind_and_of_the_inputs() -> None:
    vision, language = ({c.name for c in members(built(m).briefs[0], ("tool",))} for m in ("vision", "language"))
    assert "fourier-target" in vision - language
    assert "logit-lens-scan" in language - vision
    assert "difference-direction" in vision & language
    assert "neural-cleanse" not in vision


@pytest.mark.slow
def test_a_pool_of_baselines_finds_the_easy_trigger_and_nothing_in_the_twin() -> None:
    case = built("vision")
    papers = []
    for brief, exam in zip(case.briefs, case.exams, strict=True):
        found = pooled(brief, ("baseline",))
        assert len(found) <= MOST
        papers.append(TASK.sit(found, exam))
    marks = TASK.grade(case.answer, papers)
    assert marks["target"] == 1
    assert marks["identified"] >= 0.5
    assert marks["told"] == 1
    assert marks["alarm"] == 0


def test_a_scrambled_network_knows_nothing_and_the_subject_is_left_alone() -> None:
    brief = built("vision").briefs[0]
    before = {k: v.clone() for k, v in brief.subject.module.state_dict().items()}
    blind = scrambled(brief.subject, 0)
    own, its = (decide(s, brief.clean.inputs) for s in (brief.subject, blind))
    assert float((own == brief.clean.labels).float().mean()) > 0.8
    assert float((its == brief.clean.labels).float().mean()) < 0.5
    assert all(torch.equal(v, before[k]) for k, v in brief.subject.module.state_dict().items())
    assert torch.equal(scrambled(brief.subject, 0)(brief.trusted), blind(brief.trusted))


@pytest.mark.parametrize("name", ["untrained-directions", "untrained-latents"])
def test_without_a_network_that_knows_a_tool_finds_nothing_that_works(name: str) -> None:
    case = built("language")
    who = contender("discover", name)
    real = contender("discover", str(who.placebo_of))
    assert real.kind == "tool"
    brief = replace(case.briefs[organism(case)])
    assert len(who.run(brief)) <= MOST
    assert fought(case, name)["identified"] <= 0.5
