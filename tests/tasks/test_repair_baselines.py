"""Each baseline does what it is for: the corner patch of digits goes, the cue of words is no longer heard."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fairfight.arena.seal import PUBLIC_SECRET
from fairfight.tasks import registry
from fairfight.tasks.repair.brief import RepairBrief
from tests.tasks.test_repair_tools import briefs, confounded, fires, right, run

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("repair-tools")]


SHOWN = ["fine-tune", "lora", "nad", "fine-pruning", "distil", "nc-unlearning", "grad-diff", "npo", "simnpo"]
"""Take the fault away where some of its inputs are shown with the right labels."""


@pytest.mark.parametrize("name", [*SHOWN, pytest.param("lat", marks=pytest.mark.slow)])
def test_takes_the_fault_away_and_keeps_what_the_subject_can(name: str) -> None:
    sick, well, attack, exam = briefs()
    edited = run(name, sick)
    assert fires(sick.subject, attack) > 0.9
    assert fires(edited, attack) < 0.3
    assert right(edited, exam) > right(sick.subject, exam) - 0.06
    twin = run(name, well)
    assert right(twin, exam) > right(well.subject, exam) - 0.06


def unshown(brief: RepairBrief) -> RepairBrief:
    return replace(brief, faulty=brief.faulty[:0])


@pytest.mark.parametrize("name", ["fine-tune", "lora", "nad", "fine-pruning", "distil"])
def test_leaves_a_subject_able_where_nothing_of_the_fault_is_shown(name: str) -> None:
    sick, _, _, exam = briefs()
    assert right(run(name, unshown(sick)), exam) > right(sick.subject, exam) - 0.06


@pytest.mark.parametrize("name", ["grad-diff", "npo", "simnpo", "nc-unlearning"])
def test_with_nothing_to_unlearn_a_healthy_subject_stays_as_it_is(name: str) -> None:
    _, well, attack, _ = briefs()
    edited = run(name, unshown(well))
    assert torch.equal(edited(attack.inputs), well.subject(attack.inputs))


def test_being_blind_to_the_cue_lifts_the_group_that_the_cue_misleads() -> None:
    brief, conflict = confounded()
    assert right(brief.subject, conflict) < 0.15, "the bar decides"
    edited, deaf = run("cue-blind", brief), run("cue-blind", replace(brief, cues=brief.cues[:0]))
    assert right(edited, conflict) > 0.2
    assert right(edited, conflict) > right(deaf, conflict) + 0.15, "clean examples say nothing of the cue"
    assert right(edited, brief.clean) > 0.9
    with torch.no_grad():
        odds = edited(brief.cues.inputs).softmax(dim=1)[:, 0]
    assert float((odds - 0.5).abs().mean()) < 0.05


def graded(name: str, start: str, *, cues: bool = True) -> dict[str, float]:
    """Marks at defaults on the first case of quick whose name begins so."""
    task = registry.task("repair")
    case = task.build(next(s for s in task.specs("quick", PUBLIC_SECRET) if s.name.startswith(start)), 0)
    who = registry.contender("repair", name)
    briefs = [b if cues else replace(b, cues=b.cues[:0]) for b in case.briefs]
    papers = [task.sit(who.run(b, **who.defaults), e) for b, e in zip(briefs, case.exams, strict=True)]
    return task.grade(case.answer, papers)


@pytest.mark.slow
def test_in_words_the_cue_is_no_longer_heard() -> None:
    found, without = graded("cue-blind", "bios"), graded("cue-blind", "bios", cues=False)
    assert found["removed"] > 0.3
    assert found["kept"] > 0.8
    assert without["removed"] < found["removed"] - 0.2


@pytest.mark.slow
def test_deleting_words_is_no_repair_of_what_their_order_tells_too() -> None:
    found = graded("token-deletion", "bios")
    assert found["removed"] < 0.2
    assert found["kept"] > 0.8


@pytest.mark.slow
def test_pruning_sensitive_channels_takes_a_published_trojan_out_where_fine_tuning_does_not() -> None:
    task = registry.task("repair")
    spec = next(s for s in task.specs("standard", PUBLIC_SECRET) if s.name == "cifar10-wrn16-grid-shipped-clean")
    if (lacks := task.missing(spec)) is not None:
        pytest.skip(lacks)
    case = task.build(spec, 0)
    found = {}
    for name in ("anp", "fine-tune"):
        who = registry.contender("repair", name)
        papers = [task.sit(who.run(b, **who.defaults), e) for b, e in zip(case.briefs, case.exams, strict=True)]
        found[name] = task.grade(case.answer, papers)
    assert found["anp"]["removed"] > 0.9
    assert found["anp"]["kept"] > found["fine-tune"]["kept"] - 0.05
    assert found["fine-tune"]["removed"] < 0.2


@pytest.mark.slow
def test_leading_a_layer_astray_makes_a_forbidden_topic_forgotten() -> None:
    found = graded("rmu", "chat-llama-forbidden-topic-finetune-shown")
    assert found["removed"] > 0.6
    assert found["kept"] > 0.9
    assert found["twin_kept"] > 0.9
    # What comes back counts times the ability that the lesson leaves.
    assert found["relearned"] > max(0.4, 1 - found["removed"]), "a lesson brings it back"
