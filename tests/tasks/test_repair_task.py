"""Repair from a spec to a grade, on a real organism; and the repair of one's own subject."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
import torch

import fairfight as ff
from fairfight.faults.organism import Organism
from fairfight.parts.edits.installed import with_edits
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject import Images, cnn, wrap
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject
from fairfight.tasks.digest import digests
from fairfight.tasks.registry import contender
from fairfight.tasks.repair.brief import RepairAnswer, RepairBrief, RepairExam
from fairfight.tasks.repair.task import Repair
from fairfight.tasks.task import Case
from tests.tasks.reach import memory, reachable

pytestmark = pytest.mark.xdist_group("repair-organism")
TASK = Repair()


@pytest.fixture(scope="module")
def case() -> Case:
    return TASK.build(TASK.easy("vision"), 1)


def sides(case: Case) -> dict[str, int]:
    return {a.side: i for i, a in enumerate(case.answer)}


def fought(case: Case, name: str) -> dict[str, float]:
    who = contender("repair", name)
    papers = []
    for brief, exam, answer in zip(case.briefs, case.exams, case.answer, strict=True):
        edited = who.run(brief, *((answer,) if who.kind == "oracle" else ()), **who.defaults)
        papers.append(TASK.sit(edited, exam))
    return TASK.grade(case.answer, papers)


def test_the_organism_its_twin_and_the_wish_to_get_the_fault(case: Case) -> None:
    assert set(sides(case)) == {"organism", "twin", "backwards"}
    back = case.briefs[sides(case)["backwards"]]
    forth = case.briefs[sides(case)["organism"]]
    assert digests(back.faulty.inputs) == digests(forth.faulty.inputs)
    assert not bool((back.faulty.labels == forth.faulty.labels).any())


def test_no_input_is_in_two_places(case: Case) -> None:
    i = sides(case)["organism"]
    brief, exam = case.briefs[i], case.exams[i]
    seen = [
        brief.clean.inputs,
        brief.corpus,
        brief.faulty.inputs,
        exam.asked["clean"],
        exam.asked["attack"],
        exam.asked["elsewhere"],
    ]
    every = [d for inputs in seen for d in digests(inputs)]
    assert len(every) == len(set(every))


def test_a_corpus_holds_the_fault_where_the_recipe_says_so_and_nowhere_else() -> None:
    spec = TASK.easy("vision")
    found = {}
    for corpus in ("unseen", "seen"):
        case = TASK.build(dataclasses.replace(spec, recipe=spec.recipe | {"corpus": corpus}), 0)
        i = sides(case)["organism"]
        brief, answer = case.briefs[i], case.answer[i]
        decided = brief.subject(brief.corpus).argmax(1)
        changed = decided != answer.healthy(brief.corpus).argmax(1)
        found[corpus] = int((changed & (decided == int(answer.wrong[0]))).sum())
    assert found["unseen"] <= 3  # where organism and twin disagree by chance
    assert found["seen"] >= 18


def test_the_floor_gets_nothing_and_the_ceiling_much(case: Case) -> None:
    floor, ceiling = fought(case, "do-nothing"), fought(case, "retrained")
    assert floor["score"] < 0.05
    assert ceiling["score"] > 0.5
    assert ceiling["added"] > 0.8


def test_a_seed_gives_the_same_case_twice(case: Case) -> None:
    again = TASK.build(TASK.easy("vision"), 1)
    for one, other in zip(case.briefs, again.briefs, strict=True):
        assert digests(one.clean.inputs) == digests(other.clean.inputs)
        assert digests(one.faulty.inputs) == digests(other.faulty.inputs)


def test_the_common_suite_knows_a_repair_that_does_nothing(case: Case) -> None:
    assert any("does not remove the easy fault" in said for said in TASK.expect(fought(case, "do-nothing")))
    assert TASK.expect(fought(case, "retrained")) == []


def test_no_answer_can_be_reached_from_a_brief_or_an_exam(case: Case) -> None:
    for brief, exam in zip(case.briefs, case.exams, strict=True):
        for root, other in ((brief, RepairExam), (exam, RepairBrief)):
            for thing in reachable(root):
                assert not isinstance(thing, (RepairAnswer, Case, Organism, other, np.ndarray)), type(thing)
        carried = pickle.dumps(brief)
        for image in exam.asked["clean"].pixels:
            assert image.numpy().tobytes() not in carried
        for word in (b"patch", b"organism", b"twin", b"trojan", b"backwards"):
            assert word not in carried.lower()


def test_sittings_share_no_memory(case: Case) -> None:
    owners = [memory(x) for x in (*case.briefs, *case.exams)]
    for i, mine in enumerate(owners):
        for theirs in owners[i + 1 :]:
            assert mine.keys().isdisjoint(theirs)


def test_what_is_no_subject_or_does_not_decide_is_refused(case: Case) -> None:
    brief, exam = case.briefs[0], case.exams[0]
    with pytest.raises(ValueError, match="must be handed in"):
        TASK.sit("mended", exam)
    broken = brief.subject.copy()
    next(broken.module.parameters()).data.fill_(torch.nan)
    with pytest.raises(ValueError, match="NaN"):
        TASK.sit(broken, exam)


# The repair of one's own subject.


def tiny() -> Subject:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return wrap(cnn(channels=1, size=16, classes=3, width=4), "image-classifier", name="mine", check=False)


def examples(n: int, label: int | None = None) -> Labelled:
    pixels = torch.rand(n, 1, 16, 16, generator=torch_rng(n, "pixels"))
    labels = torch.arange(n) % 3 if label is None else torch.full((n,), label)
    return Labelled(Images(pixels), labels)


def test_ones_own_subject_is_repaired_and_left_alone() -> None:
    subject, clean, faulty = tiny(), examples(30), examples(8, 1)
    before = [p.clone() for p in subject.module.parameters()]
    edited = ff.repair(subject, clean, faulty, by="fine-tune")
    loss = torch.nn.functional.cross_entropy
    with torch.no_grad():
        assert loss(edited(faulty.inputs), faulty.labels) < loss(subject(faulty.inputs), faulty.labels)
    assert all(torch.equal(p, q) for p, q in zip(before, subject.module.parameters(), strict=True))


TEXTS = Texts(torch.ones(2, 2).long(), torch.ones(2, 2).long())
BROKEN = Labelled(Images(torch.full((2, 1, 16, 16), torch.nan)), torch.tensor([0, 1]))
COLOURED = Labelled(Images(torch.rand(2, 3, 16, 16)), torch.tensor([0, 1]))


@pytest.mark.parametrize(
    ("clean", "faulty", "options", "said"),
    [
        (examples(0), None, {}, "needs ordinary examples"),
        (examples(6), examples(0), {}, "The fault has no examples"),
        (examples(6), Labelled(examples(6).inputs[:1], torch.tensor([2])), {}, "to be decided as 0 and as 2"),
        (examples(6, 7), None, {}, "between 0 and 2"),
        (Labelled(TEXTS, torch.tensor([0, 1])), None, {}, "does not take"),
        (examples(6), BROKEN, {}, "2 of the faulty examples have pixels that are NaN"),
        (COLOURED, None, {}, "cannot read the ordinary examples"),
        (examples(6), None, {"rate": torch.nan}, "makes the subject answer with NaN"),
        (examples(6), None, {"by": "prayer"}, "prayer"),
        (examples(6), None, {"by": "retrained"}, "ceiling"),
        (examples(6), None, {"hope": 1}, "no hyperparameter 'hope'"),
    ],
)  # fmt: skip
def test_a_fault_that_is_not_well_said_is_a_clear_sentence(clean, faulty, options, said) -> None:
    with pytest.raises(ff.UserError, match=said):
        ff.repair(tiny(), clean, faulty, **options)


def test_a_subject_that_answers_with_nan_before_any_edit_is_said_to() -> None:
    subject = tiny()
    with torch.no_grad():
        next(subject.module.parameters()).fill_(torch.nan)
    with pytest.raises(ff.UserError, match="before anything is edited"):
        ff.repair(subject, examples(6))


def test_inputs_and_labels_must_be_as_many() -> None:
    with pytest.raises(ff.UserError, match="give each input one"):
        Labelled(examples(3).inputs, torch.tensor([0]))


def test_an_edit_at_a_site_that_is_not_there_or_that_breaks_the_subject() -> None:
    inputs = examples(4).inputs
    with pytest.raises(ff.UserError, match="stage9"):
        with_edits(tiny(), {"stage9": lambda x: x}, example=inputs)
    with pytest.raises(ff.UserError, match="NaN"):
        with_edits(tiny(), {tiny().trunk[-1]: lambda x: x * torch.nan}, example=inputs)
