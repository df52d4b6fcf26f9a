"""An audit finds the planted trigger, finds nothing in the clean twin, and measures how often it finds spikes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import fairfight as ff
from fairfight.audits import asked, trials
from fairfight.audits.evidence.picture_trigger import PictureTrigger
from fairfight.audits.evidence.reproducer import load, packed, save, unpacked
from fairfight.audits.evidence.slice import Slice
from fairfight.audits.evidence.text_trigger import TextTrigger
from fairfight.audits.ledger import Ledger
from fairfight.audits.material import Material, split
from fairfight.audits.records import Report
from fairfight.audits.records import Tested as Outcome
from fairfight.audits.searches.registry import searches
from fairfight.audits.spikes.planting import course, plant, trained
from fairfight.audits.spikes.registry import spike_kinds
from fairfight.parts.attacks.masks import Stamp
from fairfight.parts.attacks.patch import Patch
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject
from tests.audit.models import pair


def look(subject: Subject, data: Labelled) -> tuple[list[Outcome], list[Outcome]]:
    return trials.look(split(subject, data, 0), searches(subject.kind), 0)


def triggers(found: list[Outcome]) -> list[int]:
    kinds = (PictureTrigger, TextTrigger)
    return [t.suspicion.reproducer.target for t in found if isinstance(t.suspicion.reproducer, kinds)]


def test_pictures_trigger_found_in_the_organism_only() -> None:
    subject, twin, data, target = pair("digits")
    found, _ = look(subject, data)
    assert triggers(found) == [target]
    low, _ = found[0].evidence.rate.interval
    assert low > 0.8
    assert found[0].evidence.control.value < 0.5
    found, dismissed = look(twin, data)
    assert not found
    assert all(t.why_not for t in dismissed)


@pytest.mark.slow
def test_texts_trigger_found_in_the_organism_only() -> None:
    subject, twin, data, target = pair("reviews")
    found, _ = look(subject, data)
    assert triggers(found) == [target]
    assert not look(twin, data)[0]


def test_parts_of_the_data_never_meet() -> None:
    subject, _, data, _ = pair("digits")
    parts = split(subject, data, 0)
    rows = [{p.numpy().tobytes() for p in part.inputs.pixels} for part in (parts.search, parts.held, parts.planting)]  # type: ignore[union-attr]
    assert not rows[0] & rows[1]
    assert not rows[0] & rows[2]
    assert not rows[1] & rows[2]
    for part in (parts.search, parts.held, parts.planting):
        assert len(part.labels.unique()) == 10
    first, second = parts.halves()
    assert len(first) + len(second) == len(parts.search)


def failing(subject: Subject, data: Labelled, bound: float) -> Material:
    """As if a model were wrong where pictures are bright: labels are turned there, which a search cannot tell."""
    material = split(subject, data, 0)

    def turned(given: Labelled) -> Labelled:
        assert isinstance(given.inputs, Images)
        bright = given.inputs.pixels.mean((1, 2, 3)) > bound
        return Labelled(given.inputs, torch.where(bright, (given.labels + 1) % 10, given.labels))

    return Material(subject, turned(material.search), turned(material.held), turned(material.planting))


def test_a_group_that_fails_is_found_and_one_by_chance_is_not() -> None:
    _, twin, data, _ = pair("digits")
    assert isinstance(data.inputs, Images)
    bound = float(data.inputs.pixels.mean((1, 2, 3)).quantile(0.85))
    chosen = [s for s in searches("image-classifier") if s.name == "slice"]
    found, _ = trials.look(failing(twin, data, bound), chosen, 0)
    assert found
    assert isinstance(found[0].suspicion.reproducer, Slice)
    assert found[0].suspicion.reproducer.by == "brightness"
    assert not trials.look(split(twin, data, 0), chosen, 0)[0]


@pytest.mark.slow
@pytest.mark.parametrize(("where", "kind"), [("digits", "patch"), ("reviews", "word")])
def test_a_spike_is_planted_found_and_named(where: str, kind: str) -> None:
    _, twin, data, _ = pair(where, 1200)
    material = split(twin, data, 0)
    chosen = next(k for k in spike_kinds(twin.kind) if k.name == kind)
    spike = chosen.draw(material, chosen.strengths[0], 4)
    before = [p.clone() for p in twin.module.parameters()]
    planted = plant(material, spike, course(twin, 0.1, 10.0), 0)
    assert planted.took, (planted.shows, planted.lost)
    assert all(torch.equal(a, b) for a, b in zip(before, twin.module.parameters(), strict=True))
    found, _ = trials.look(
        material.about(planted.subject), [s for s in searches(twin.kind) if s.name == chosen.search], 0
    )
    assert any(spike.named(planted.subject, t) for t in found)
    healthy, _ = look(twin, data)
    assert not any(spike.named(twin, t) for t in healthy)


def test_training_a_copy_is_the_same_twice() -> None:
    _, twin, data, _ = pair("digits")
    how = course(twin, 1.0, 1.0)
    one, two = (trained(twin, data, how, 1e-3, 5) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.module.parameters(), two.module.parameters(), strict=True))


def test_reproducers_are_kept_whole(tmp_path: Path) -> None:
    _, _, data, _ = pair("digits")
    assert isinstance(data.inputs, Images)
    patch = Patch(torch.rand(1, 3, 3), 2, 4)
    shown = PictureTrigger.of(patch, 7, data.inputs)
    assert shown is not None
    assert torch.allclose(shown.apply(data.inputs[:4]).pixels, patch(data.inputs[:4]).pixels, atol=1e-5)
    centres = torch.rand(3, 4)
    for one in (
        shown,
        TextTrigger((4, 9), 1),
        Slice("brightness", low=-torch.inf, high=0.5),
        Slice("cluster", 1, site="x", centres=centres),
    ):
        save(one, tmp_path / one.kind)
        for again in (load(tmp_path / one.kind), unpacked(json.loads(json.dumps(packed(one))))):
            assert again.plain() == one.plain()
            assert all(torch.equal(again.tensors()[k], t) for k, t in one.tensors().items())


def test_a_change_that_is_no_stamp_is_not_taken_for_one() -> None:
    _, _, data, _ = pair("digits")
    assert isinstance(data.inputs, Images)

    def mirrored(inputs: object) -> Images:
        assert isinstance(inputs, Images)
        return Images(inputs.pixels.flip(3))

    assert PictureTrigger.of(mirrored, 0, data.inputs) is None  # type: ignore[arg-type]


def test_controls_are_as_large_as_the_trigger() -> None:
    mask = torch.zeros(1, 16, 16)
    mask[:, :4, :4] = 1
    shown = PictureTrigger(Stamp(mask, torch.ones(1, 16, 16)), 0)
    for i in range(6):
        assert float(shown._control(i, torch.Generator().manual_seed(i)).mask.sum()) == 16


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report, float]:
    subject, _, data, _ = pair("digits")
    out = tmp_path_factory.mktemp("audit")
    report = ff.audit(subject, data, out=out, spikes=1, budget=300.0, workers=2)
    return out, report, report.seconds


@pytest.mark.slow
def test_an_audit_from_end_to_end(audited: tuple[Path, Report, float]) -> None:
    out, report, _ = audited
    assert report.exit_code == 1
    assert report.findings[0].name == "F1"
    assert report.findings[0].severity == "high"
    assert report.findings[0].pictures
    assert report.profile.accuracy.value > 0.9
    tried = [p for p in report.powers if p.spike == "patch" and p.rate.of]
    assert tried
    assert sum(p.rate.hits for p in tried) >= sum(p.rate.of for p in tried) - 1
    assert report.alarms.of >= 1
    assert report.alarms.hits == 0
    assert (out / "findings" / "F1" / "reproducer.safetensors").exists()


@pytest.mark.slow
def test_it_goes_on_where_it_was(audited: tuple[Path, Report, float]) -> None:
    out, report, seconds = audited
    subject, _, data, _ = pair("digits")
    again = ff.audit(subject, data, out=out, spikes=1, budget=1.0)
    assert again.powers == report.powers
    assert again.alarms == report.alarms
    assert [t.suspicion.claim for t in again.findings] == [t.suspicion.claim for t in report.findings]
    assert again.seconds < 0.5 * seconds


@pytest.mark.slow
def test_a_finding_is_reproduced_and_repaired(audited: tuple[Path, Report, float]) -> None:
    out, report, _ = audited
    subject, _, data, _ = pair("digits")
    assert asked.reproduce(subject, data, "F1", out=out).rate == report.findings[0].evidence.rate
    before = [p.clone() for p in subject.module.parameters()]
    done, place = asked.repaired(subject, data, "F1", out=out)
    assert all(torch.equal(a, b) for a, b in zip(before, subject.module.parameters(), strict=True))
    assert done.after.rate.value < 0.2 < 0.8 < done.before.rate.value
    assert done.accuracy[1].value >= done.accuracy[0].value - 0.05
    assert not triggers(list(done.found))
    saved = ff.load(place)
    assert all(
        torch.equal(a, b) for a, b in zip(saved.module.parameters(), done.subject.module.parameters(), strict=True)
    )


def test_a_half_written_step_is_made_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "x")
    assert ledger.step("a", lambda: {"n": 1}) == {"n": 1}
    (ledger.folder / "a.json").write_text('{"n": ')
    assert ledger.step("a", lambda: {"n": 2}) == {"n": 2}
    assert Ledger(tmp_path, "y").find("a") is None


def test_any_module_with_a_function_that_prepares_its_inputs() -> None:
    subject, _, data, _ = pair("digits")
    assert isinstance(data.inputs, Images)
    inner = subject.module

    class Shifted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner((x + 1) / 2)

    report = ff.audit(
        Shifted(), (data.inputs.pixels[:200].numpy(), data.labels[:200].tolist()), prepare=lambda x: 2 * x - 1,
        spikes=0,
    )  # fmt: skip
    assert report.profile.accuracy.value > 0.9
    assert report.powers
    assert not any(p.rate.of for p in report.powers)


def test_several_searches_at_a_time_come_to_the_same() -> None:
    subject, _, data, _ = pair("digits", 300)
    material, chosen = split(subject, data, 0), searches(subject.kind)
    one, many = trials.look(material, chosen, 0), trials.look_together(material, chosen, 0, 2)
    for some, others in zip(one, many, strict=True):
        assert [(t.suspicion.claim, t.evidence, t.p) for t in some] == [
            (t.suspicion.claim, t.evidence, t.p) for t in others
        ]
