"""Contenders of discover in language: they say what was planted, and claim nothing in a clean twin."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from fairfight.tasks import registry
from fairfight.tasks.discover.brief import CLAIM, Candidate
from fairfight.tasks.discover.cases import spec
from fairfight.tasks.discover.suites.row import Row
from fairfight.tasks.task import Case

ROWS = {
    "rare-token": Row("sentences", "bert", "rare-token", "scratch", "token", 9),
    "topic": Row("sentences", "bert", "topic", "scratch", "meaning", 9),
}


@cache
def case(fault: str) -> Case:
    built = registry.task("discover").build(spec(ROWS[fault], "dev", "quick", "public"), 0)
    assert built.void is None
    return built


@cache
def handed_in(name: str, fault: str, side: str) -> list[Candidate]:
    brief = next(b for b, a in zip(case(fault).briefs, case(fault).answer, strict=True) if a.side == side)
    contender = registry.contender("discover", name)
    found: list[Candidate] = contender.run(brief, **contender.defaults)
    return found


@cache
def marks(name: str, fault: str) -> dict[str, float]:
    task, this = registry.task("discover"), case(fault)
    found = [handed_in(name, fault, a.side) for a in this.answer]
    papers: list[Any] = [task.sit(f, e) for f, e in zip(found, this.exams, strict=True)]
    return task.grade(this.answer, papers)


@pytest.mark.parametrize("fault", ["rare-token", "topic"])
@pytest.mark.parametrize("name", ["exemplars", "ngram-sweep"])
def test_texts_of_the_bank_show_what_was_planted(name: str, fault: str) -> None:
    got = marks(name, fault)
    assert got["identified"] == 1.0
    assert got["target"] == 1.0
    assert got["planted"] > 0.5


@pytest.mark.parametrize("fault", ["rare-token", "topic"])
@pytest.mark.parametrize("name", ["exemplars", "ngram-sweep"])
def test_nothing_is_claimed_in_the_twin(name: str, fault: str) -> None:
    assert all(c.confidence < CLAIM for c in handed_in(name, fault, "twin"))
    assert marks(name, fault)["told"] == 1.0
