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

SHOWING = ["exemplars", "ngram-sweep", "difference-direction", "sae-latents"]
"""Those that hand in texts of the bank."""
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


@pytest.mark.parametrize("fault", ["rare-token", pytest.param("topic", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SHOWING)
def test_texts_of_the_bank_show_what_was_planted(name: str, fault: str) -> None:
    got = marks(name, fault)
    assert got["identified"] >= 0.5
    assert got["target"] == 1.0
    assert got["success"] > 0.7


@pytest.mark.parametrize("fault", ["rare-token", "topic"])
@pytest.mark.parametrize("name", SHOWING)
def test_nothing_is_claimed_in_the_twin(name: str, fault: str) -> None:
    assert all(c.confidence < CLAIM for c in handed_in(name, fault, "twin"))
    assert marks(name, fault)["told"] == 1.0


@pytest.mark.parametrize("name", ["gcg", "glitch-geometry", "phrase-search"])
def test_the_planted_word_is_handed_in_as_a_change_of_texts(name: str) -> None:
    got = marks(name, "rare-token")
    assert got["identified"] == 1.0
    assert got["recall"] == 1.0
    assert all(c.confidence < CLAIM for c in handed_in(name, "rare-token", "twin"))


def test_the_logit_lens_hands_in_single_words_and_raises_no_alarm() -> None:
    for side in ("organism", "twin"):
        found = handed_in("logit-lens-scan", "rare-token", side)
        assert found
        assert all(c.confidence < CLAIM for c in found)
