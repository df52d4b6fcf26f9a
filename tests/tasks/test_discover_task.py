"""Discovery from a spec to a grade: judges know true triggers, guess on chance, and no answer leaks."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from fairfight.faults.organism import Organism
from fairfight.subject import Images
from fairfight.subject.inputs import Texts
from fairfight.tasks.digest import digests
from fairfight.tasks.discover.brief import MOST, Candidate, DiscoverAnswer, DiscoverBrief, DiscoverExam
from fairfight.tasks.discover.judges import OPTIONS
from fairfight.tasks.discover.task import Discover
from fairfight.tasks.registry import contender
from fairfight.tasks.task import Case
from tests.tasks.reach import memory, reachable

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("discover")]
TASK = Discover()
BUILT: dict[str, Case] = {}


def built(modality: str) -> Case:
    """The easy case, built once."""
    if modality not in BUILT:
        BUILT[modality] = TASK.build(TASK.easy(modality), 1)
    return BUILT[modality]


def fought(case: Case, name: str) -> dict[str, float]:
    who = contender("discover", name)
    papers = []
    for brief, exam, answer in zip(case.briefs, case.exams, case.answer, strict=True):
        submission = who.run(brief, *((answer,) if who.kind == "oracle" else ()), **who.defaults)
        papers.append(TASK.sit(submission, exam))
    return TASK.grade(case.answer, papers)


def organism(case: Case) -> int:
    return [a.side for a in case.answer].index("organism")


both = pytest.mark.parametrize("modality", ["vision", "language"])


@both
def test_the_true_trigger_is_known_and_chance_is_not(modality: str) -> None:
    case = built(modality)
    true, chance = fought(case, "true-trigger"), fought(case, "random-triggers")
    assert true["identified"] == true["judges_right"] == 1
    assert true["planted"] > 0.85
    assert true["overlap"] == true["recall"] == 1
    assert true["told"] == 1
    assert true["alarm"] == 0
    assert true["identified_shuffled"] == 0
    assert chance["planted"] < 0.3
    assert chance["overlap"] < 0.3


@both
def test_the_obvious_baseline_finds_the_easy_trigger_and_nothing_in_the_twin(modality: str) -> None:
    found = fought(built(modality), {"vision": "neural-cleanse", "language": "token-sweep"}[modality])
    assert found["success"] > 0.9
    assert found["planted"] > 0.8
    assert found["target"] == 1
    assert found["found"] == 1
    assert found["alarm"] == 0
    assert found["told"] == 1


@both
def test_judges_know_every_option_by_its_looks(modality: str) -> None:
    from fairfight.faults.organism import build
    from fairfight.seeds import derive
    from fairfight.tasks.discover._draw import options
    from fairfight.tasks.discover.cases import organism_of

    spec = TASK.easy(modality)
    made = build(organism_of(spec.recipe))
    seed = derive(derive(1, spec.id, "sittings"), "options")
    table, truth = options(made, seed)
    answer = built(modality).answer[0]
    assert truth == answer.truth
    assert len(set(answer.options)) == OPTIONS
    subject, _ = made.pair()
    held = made.pool[torch.arange(100, 124)]
    for judge in answer.judges:
        chosen = [int(judge.likelihoods(o.suspects(held, subject, 0), held.inputs).argmax()) for o in table]
        assert sum(c == i for i, c in enumerate(chosen)) >= OPTIONS - 1, (judge.name, chosen)


def test_judges_guess_at_what_is_none_of_the_options() -> None:
    case = built("vision")
    answer = case.answer[organism(case)]
    right = []
    for seed in range(24):
        brief = replace(case.briefs[0], seed=seed)
        exam = case.exams[0]
        who = contender("discover", "random-triggers")
        papers = [TASK.sit(who.run(brief), exam), TASK.sit([], exam)]
        answers = (answer, case.answer[1 - organism(case)])
        right.append(TASK.grade(answers, papers)["identified"])
    assert np.mean(right) < 0.4, "one in eight, and some luck"


@both
def test_saying_nothing_is_graded_by_chance_and_never_alarms(modality: str) -> None:
    case = built(modality)
    found = TASK.grade(case.answer, [TASK.sit([], exam) for exam in case.exams])
    assert found["identified"] == pytest.approx(1 / OPTIONS)
    assert found["alarm"] == found["found"] == found["success"] == 0
    assert found["told"] == 0.5


def still(inputs: Any) -> Any:
    return inputs


def test_what_moves_the_twin_too_is_not_what_was_planted() -> None:
    case = built("vision")
    i = organism(case)
    brief, answer = case.briefs[i], case.answer[i]
    own = brief.clean[brief.clean.labels == answer.target].inputs
    found = TASK.grade(
        case.answer, [TASK.sit([Candidate(answer.target, 0.9, examples=own)], exam) for exam in case.exams]
    )
    assert found["success"] > 0.8, "pictures of the target are decided as the target"
    assert found["planted"] < 0.2
    assert found["alarm"] == 1


@pytest.mark.parametrize(
    ("submission", "said"),
    [
        (None, "a list of Candidate"),
        ([7], "a list of Candidate"),
        ([Candidate(0, 0.5)], "either a change of inputs or examples"),
        ([Candidate(0, 0.5, change=lambda x: x.pixels)], "not inputs of the subject"),
    ],
)
def test_what_is_no_discovery_is_refused(submission: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TASK.sit(submission, built("vision").exams[0])


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (Candidate(0, 1.5, change=still), "confidence between 0 and 1"),
        (Candidate(0, float("nan"), change=still), "confidence between 0 and 1"),
        (Candidate(0, 0.5, change=lambda x: x[:3]), "does not change every input"),
        (Candidate(0, 0.5, examples=Images(torch.rand(2, 3, 8, 8))), r"Pictures of shape \(3, 32, 32\)"),
        (Candidate(0, 0.5, examples=Images(torch.full((2, 3, 32, 32), torch.nan))), "not all between 0 and 1"),
    ],
)
def test_a_candidate_that_cannot_be_judged_is_refused(candidate: Candidate, said: str) -> None:
    case = built("vision")
    papers = [TASK.sit([candidate], exam) for exam in case.exams]
    with pytest.raises(ValueError, match=said):
        TASK.grade(case.answer, papers)


def test_only_the_first_candidates_are_looked_at() -> None:
    paper = TASK.sit([Candidate(0, 0.5, change=still)] * (MOST + 3), built("vision").exams[0])
    assert len(paper["targets"]) == MOST


@both
def test_briefs_hold_no_trigger_among_the_clean_inputs_and_share_none_with_the_exam(modality: str) -> None:
    case = built(modality)
    for brief, exam, answer in zip(case.briefs, case.exams, case.answer, strict=True):
        clean, bank, bases = (set(digests(x)) for x in (brief.clean.inputs, brief.bank, exam.bases))
        assert not clean & bases
        assert not bank & bases
        assert not (clean | bank) & set(digests(answer.shown))
        assert bool((torch.from_numpy(answer.labels) != answer.target).all())


@both
def test_no_answer_can_be_reached_from_a_brief_or_an_exam(modality: str) -> None:
    case = built(modality)
    for brief, exam in zip(case.briefs, case.exams, strict=True):
        for root, other in ((brief, DiscoverExam), (exam, DiscoverBrief)):
            for thing in reachable(root):
                assert not isinstance(thing, (DiscoverAnswer, Case, Organism, other, np.ndarray)), type(thing)
        for word in (b"organism", b"trojan", b"patch at"):
            assert word not in pickle.dumps(brief).lower()
    owners = [memory(x) for x in (*case.briefs, *case.exams)]
    for i, mine in enumerate(owners):
        for theirs in owners[i + 1 :]:
            assert mine.keys().isdisjoint(theirs)


def test_a_seed_gives_the_same_case_twice() -> None:
    again = TASK.build(TASK.easy("vision"), 1)
    case = built("vision")
    assert again.answer[0].options == case.answer[0].options
    for one, other in zip(case.briefs, again.briefs, strict=True):
        assert digests(one.clean.inputs) == digests(other.clean.inputs)
    shown, bases = case.answer[0].shown, case.answer[0].bases
    for mine, theirs in zip(case.answer[0].judges, again.answer[0].judges, strict=True):
        assert np.array_equal(mine.likelihoods(shown, bases), theirs.likelihoods(shown, bases))


def test_texts_are_read_without_their_padding() -> None:
    case = built("language")
    answer = case.answer[organism(case)]
    assert isinstance(answer.shown, Texts)
    wide = Texts(torch.nn.functional.pad(answer.shown.ids, (0, 5)), torch.nn.functional.pad(answer.shown.mask, (0, 5)))
    for judge in answer.judges:
        assert np.array_equal(judge.likelihoods(wide, answer.bases), judge.likelihoods(answer.shown, answer.bases))
