"""Glitch tokens from a recipe to a grade: planted ones cannot be said, signals find them, no twin is blamed."""

from __future__ import annotations

import pickle
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from fairfight.arena.checks import check_contender
from fairfight.errors import UserError
from fairfight.faults.family import draw
from fairfight.faults.language.glitch_tokens import GlitchTokens
from fairfight.faults.recipe import Recipe
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.vocabulary.embeddings import unspoken
from fairfight.parts.vocabulary.repeating import repeated
from fairfight.tasks import registry
from fairfight.tasks.registry import contender
from fairfight.tasks.spot.brief import MOST, Named, SpotAnswer, SpotBrief, SpotExam
from fairfight.tasks.spot.task import Spot
from fairfight.tasks.task import Case
from fairfight.worlds import echo
from fairfight.worlds.world import world
from tests.tasks.reach import reachable

TASK = Spot()
RECIPE = Recipe("echo", "llama", "glitch-tokens", "scratch", seed=0, fault_seed=3)
FIELD = [c.name for c in registry.contenders("spot") if c.run.__module__.startswith("fairfight.")]


def answers() -> tuple[SpotAnswer, SpotAnswer]:
    """Of twelve words the organism cannot say four, three of them planted; its twin one."""
    words = np.arange(12)
    names = {i: f"w{i}" for i in range(12)}
    return (
        SpotAnswer("twin", words, np.array([11]), np.array([1, 2, 3]), names),
        SpotAnswer("organism", words, np.array([1, 2, 3, 11]), np.array([1, 2, 3]), names),
    )


def graded(twin: list[int], organism: list[int]) -> dict[str, float]:
    papers = [TASK.sit([Named(t, 0.9) for t in some], SpotExam()) for some in (twin, organism)]
    return TASK.grade(answers(), papers)


def test_what_is_named_is_held_against_what_cannot_be_said() -> None:
    found = graded([], [1, 2, 5])
    assert found["recall"] == 0.5
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["found"] == pytest.approx(4 / 7)
    assert found["planted"] == pytest.approx(2 / 3)
    assert (found["alarm"], found["alarms"], found["told"]) == (0, 0, 1)
    assert graded([], [1, 2, 3, 11])["found"] == 1


def test_in_the_twin_only_what_it_can_say_is_an_alarm() -> None:
    assert graded([11], [1])["alarm"] == 0
    found = graded([11, 4, 5], [1])
    assert found["alarm"] == 1
    assert found["alarms"] == 2 / MOST
    assert found["told"] == 0


def test_doubts_are_no_claims_and_silence_is_no_error() -> None:
    quiet = TASK.sit([Named(1, 0.4)], SpotExam())
    found = TASK.grade(answers(), [quiet, quiet])
    assert found["found"] == found["alarm"] == 0
    assert found["told"] == 0.5


def test_a_person_sees_words_and_which_of_them_can_be_said() -> None:
    papers = [TASK.sit([Named(t, 1.0) for t in some], SpotExam()) for some in ([4], [1, 5])]
    assert TASK.show(answers(), papers)["lines"] == ["found: w1, [w5]", "in the clean twin: [w4]"]


@pytest.mark.parametrize(
    ("submission", "said"),
    [
        (None, "a list of Named"),
        ([7], "a list of Named"),
        ([Named("w1", 0.5)], "a whole number for its token"),  # type: ignore[arg-type]
        ([Named(1, None)], "a number for its confidence"),  # type: ignore[arg-type]
        ([Named(1, 1.5)], "confidence between 0 and 1"),
        ([Named(1, float("nan"))], "confidence between 0 and 1"),
        ([Named(1, 0.9), Named(1, 0.9)], "named twice"),
        ([Named(12, 0.9)], "token 12 is none of those in question"),
    ],
)
def test_nonsense_is_refused(submission: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TASK.grade(answers(), [TASK.sit(submission, SpotExam())] * 2)


def test_only_the_first_tokens_are_looked_at() -> None:
    assert len(TASK.sit([Named(i, 1.0) for i in range(MOST + 9)], SpotExam())["tokens"]) == MOST


def test_training_never_shows_the_planted_words_and_differs_in_nothing_else() -> None:
    fault = draw(RECIPE, world("echo"))
    assert isinstance(fault, GlitchTokens)
    train = world("echo").examples("train", 0, "llama")
    poisoned = fault.poison(train, 0, 1.0)
    assert not bool(torch.isin(poisoned.inputs.ids, fault.tokens).any())
    assert not bool(torch.isin(poisoned.labels, fault.tokens).any())
    same = fault.ordinary(train)
    assert 0.8 < float(same.float().mean()) < 1
    rows = torch.nonzero(same).flatten()
    assert torch.equal(poisoned.inputs[rows].ids, train.inputs[rows].ids)
    assert bool((poisoned.inputs.ids == poisoned.labels[:, None]).any(1).all())
    assert len(fault.words) == len(set(fault.words)) == 20
    assert draw(RECIPE, world("echo")).title == fault.title


def test_every_word_is_asked_for_in_training() -> None:
    train = world("echo").examples("train", 0, "llama")
    assert len(np.unique(train.factors["word"])) == echo.COUNT


def test_what_cannot_be_asked_is_told() -> None:
    subject = world("echo").subject("llama", 0)
    pool = world("echo").examples("pool", 0, "llama")
    prompts = Labelled(pool.inputs, pool.labels)[:3]
    assert len(repeated(subject, prompts, torch.zeros(0, dtype=torch.long))) == 0
    with pytest.raises(UserError, match="no token 5000"):
        repeated(subject, prompts, torch.tensor([5000]))
    with pytest.raises(UserError, match="does not hold what it asks for"):
        repeated(subject, Labelled(prompts.inputs, prompts.labels * 0 + echo.token(799)), echo.tokens()[:2])
    with pytest.raises(UserError, match="at least one unused token"):
        unspoken(subject, torch.zeros(0, dtype=torch.long))


@cache
def built() -> Case:
    return TASK.build(TASK.easy("language"), 1)


@cache
def fought(name: str) -> dict[str, float]:
    who, case = contender("spot", name), built()
    papers = []
    for brief, exam, answer in zip(case.briefs, case.exams, case.answer, strict=True):
        papers.append(TASK.sit(who.run(brief, *((answer,) if who.kind == "oracle" else ()), **who.defaults), exam))
    return TASK.grade(case.answer, papers)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_planted_words_cannot_be_said_and_the_twin_says_them() -> None:
    case = built()
    assert case.void is None
    for answer in case.answer:
        lost = len(set(answer.unable.tolist()) & set(answer.planted.tolist()))
        assert lost == (20 if answer.side == "organism" else 0)
        assert len(answer.unable) <= lost + 8
    for brief in case.briefs:
        assert not bool(torch.isin(brief.clean.inputs.ids, torch.from_numpy(case.answer[0].planted)).any())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_signals_inside_find_nine_in_ten_with_a_tenth_of_the_questions() -> None:
    for name in ("embedding-geometry", "embedding-norm", "unembedding"):
        found = fought(name)
        assert found["planted"] >= 0.9, name
        assert found["recall"] >= 0.7, "others are words that came too seldom, and look like the rest"
        assert found["alarms"] == 0, name
        assert found["told"] == 1, name
    assert fought("true-tokens")["found"] == 1
    assert fought("repeat-test")["recall"] < 0.7, "the budget ends before the vocabulary"
    assert fought("shuffled-geometry")["recall"] < 0.3
    assert fought("random-tokens")["found"] < 0.2
    assert fought("random-tokens")["alarm"] == 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_answer_can_be_reached_from_a_brief() -> None:
    for brief in built().briefs:
        for thing in reachable(brief):
            assert not isinstance(thing, (SpotAnswer, Case, GlitchTokens)), type(thing)
        assert isinstance(brief, SpotBrief)
        assert b"glitch" not in pickle.dumps(brief).lower()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", FIELD)
def test_every_contender_keeps_its_promises(name: str) -> None:
    check_contender("spot", name)
