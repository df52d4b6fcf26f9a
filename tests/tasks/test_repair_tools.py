"""Repair by what is inside: guilty units are found and edited, healthy subjects left alone; chance does not do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.parts.bases import invertible
from fairfight.parts.edits.named import EDITS
from fairfight.parts.scores.named import SCORES
from fairfight.parts.training.descent import descend
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject import Images, Subject, cnn, wrap
from fairfight.tasks import registry
from fairfight.tasks.repair.brief import RepairBrief
from fairfight.tasks.repair.tools import composed
from fairfight.worlds.digits import load
from tests.tasks import tiny

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("repair-tools")]


def run(name: str, brief: RepairBrief, **params: Any) -> Subject:
    who = registry.contender("repair", name)
    assert params.keys() <= who.defaults.keys()
    found: Subject = who.run(brief, **{**who.defaults, **params})
    return found


@cache
def briefs() -> tuple[RepairBrief, RepairBrief, Labelled, Labelled]:
    """What is given of digits that a white corner makes a nought, and of their twin; held-out inputs of both kinds."""
    sick, well = tiny.organism()
    data = load()
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(1))
    pixels, labels = data.inputs.pixels[order], data.labels[order]  # type: ignore[union-attr]
    others = torch.arange(1000, 1797)[labels[1000:] != 0]
    hot, held = others[:16], others[300:420]
    faulty = Labelled(Images(tiny.patched(pixels[hot])), labels[hot])
    attack = Labelled(Images(tiny.patched(pixels[held])), labels[held])
    clean = Labelled(Images(pixels[1100:1196]), labels[1100:1196])
    exam = Labelled(Images(pixels[1500:1797]), labels[1500:1797])
    given = RepairBrief(sick.subject, clean, faulty, clean[:0], Images(pixels[1200:1400]), seed=0)
    return given, replace(given, subject=well.subject), attack, exam


def right(subject: Subject, on: Labelled) -> float:
    return float((subject(on.inputs).argmax(dim=1) == on.labels).float().mean())


def fires(subject: Subject, attack: Labelled) -> float:
    return float((subject(attack.inputs).argmax(dim=1) == 0).float().mean())


def same(one: Subject, other: Subject, inputs: Images) -> bool:
    return torch.equal(one(inputs), other(inputs))


@pytest.mark.parametrize(
    "name",
    [
        "neurons+attribution+ablate",
        "neurons+attribution+mean-ablate",
        "neurons+shapley+ablate",
        "neurons+patching+tune",
        "sae+attribution+ablate",
        "sae+attribution+clamp",
    ],
)
def test_a_composed_tool_takes_the_fault_out_and_leaves_a_healthy_subject_alone(name: str) -> None:
    sick, well, attack, exam = briefs()
    edited = run(name, sick)
    assert fires(sick.subject, attack) > 0.9
    assert fires(edited, attack) < 0.3
    assert right(edited, exam) > right(sick.subject, exam) - 0.05
    twin = run(name, well)
    assert right(twin, exam) > right(well.subject, exam) - 0.02
    assert right(twin, attack) > right(well.subject, attack) - 0.02


@pytest.mark.parametrize("placebo", ["random-neurons", "random-latents"])
def test_without_its_insight_a_tool_does_not_do(placebo: str) -> None:
    sick, _, attack, exam = briefs()
    who = registry.contender("repair", placebo)
    assert who.placebo_of is not None
    real = registry.contender("repair", who.placebo_of)
    assert who.space.keys() <= real.space.keys(), "the same is tuned, but for what is not there"
    edited = run(placebo, sick)
    assert fires(edited, attack) > 0.5
    assert right(edited, exam) > right(sick.subject, exam) - 0.15


def test_chosen_units_serve_better_than_as_many_others_also_where_they_are_trained() -> None:
    sick, _, attack, exam = briefs()
    found = [run(name, sick, units=4) for name in ("neurons+patching+tune", "random-tuned-neurons")]
    assert fires(found[0], attack) < fires(found[1], attack) - 0.2
    assert right(found[0], exam) > right(sick.subject, exam) - 0.05


def test_an_edited_subject_can_be_copied_and_trained_on() -> None:
    sick, _, attack, _ = briefs()
    edited = run("sae+attribution+clamp", sick)
    copy = edited.copy()
    assert same(copy, edited, attack.inputs)  # type: ignore[arg-type]
    lesson = Labelled(attack.inputs[:24], torch.zeros(24, dtype=torch.long))
    before = fires(copy, attack)
    loss = nn.functional.cross_entropy
    descend(lambda _: loss(copy(lesson.inputs), lesson.labels), copy.module.parameters(), steps=20, rate=3e-3)
    assert fires(copy, attack) > before + 0.3, "what was edited out can be learned again: gradients go through the edit"
    assert fires(edited, attack) == before


def test_the_parts_of_composed_tools_are_those_there_are() -> None:
    assert set(composed.BASES) == set(invertible.NAMES)
    assert set(composed.EDITS) == set(EDITS)
    assert set(composed.SCORES) == set(SCORES)
    fought = [name.split("+") for name in composed.FIELD]
    for i, parts in enumerate((composed.BASES, composed.SCORES, composed.EDITS)):
        controls = {name for name in parts if name.startswith("random")}
        assert {f[i] for f in fought} >= parts.keys() - controls - {"orthogonalise"}


def test_every_product_of_parts_is_a_contender_by_its_name() -> None:
    for basis in composed.BASES:
        for score in composed.SCORES:
            for edit in composed.EDITS:
                who = registry.contender("repair", f"{basis}+{score}+{edit}")
                assert who.kind == "tool"
                assert who.defaults.keys() >= {"depth", "units", "tolerance"}
                assert ("strength" in who.space) == (edit in ("clamp", "steer", "tune"))
                assert ("steps" in who.space) == (basis == "sae") == who.reusable
    with pytest.raises(UserError, match="did you mean 'sae'"):
        registry.contender("repair", "sea+attribution+ablate")
    with pytest.raises(UserError, match="Unknown edit of a composed tool 'delete'"):
        registry.contender("repair", "sae+attribution+delete")
    with pytest.raises(UserError, match="Unknown contender"):
        registry.contender("repair", "sae+attribution")


@pytest.mark.parametrize("edit", [e for e in EDITS if e != "orthogonalise"])
@pytest.mark.parametrize("basis", ["pca", "ica", "nmf", "random-sae", "random-directions"])
def test_any_basis_goes_with_any_edit(basis: str, edit: str) -> None:
    sick, _, attack, exam = briefs()
    edited = run(f"{basis}+difference+{edit}", sick, depth="last")
    assert fires(edited, attack) <= fires(sick.subject, attack)
    assert right(edited, exam) > right(sick.subject, exam) - 0.15


@pytest.mark.parametrize("name", ["sae+attribution+ablate", "shift+retrain", "refusal-direction"])
def test_where_nothing_shows_a_fault_the_subject_is_handed_in_as_it_is(name: str) -> None:
    _, well, attack, _ = briefs()
    assert same(run(name, well), well.subject, attack.inputs)  # type: ignore[arg-type]
    tiniest = replace(well, clean=well.clean[:2], corpus=well.corpus[:2], faulty=well.faulty[:0])
    assert same(run(name, tiniest), well.subject, attack.inputs)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["sae+attribution+clamp", "neurons+patching+tune", "shift+retrain", "refusal-direction"]
)
def test_the_smallest_brief_is_enough_to_run_on(name: str) -> None:
    sick, _, attack, _ = briefs()
    tiniest = replace(sick, clean=sick.clean[:2], corpus=sick.corpus[:2], faulty=sick.faulty[:1])
    assert bool(run(name, tiniest)(attack.inputs).isfinite().all())


def barred(pixels: Tensor, cues: Tensor) -> Images:
    """Digits with a bar at the left or at the right."""
    out = pixels.clone()
    out[cues == 0, :, :, :2] = 0.8
    out[cues == 1, :, :, -2:] = 0.8
    return Images(out)


@cache
def confounded() -> tuple[RepairBrief, Labelled]:
    """SHIFT's setting: a network that knows digits and bars, and a last layer that learned small from large digits
    where the bar told them as well. Held out: digits whose bar says otherwise."""
    data = load()
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(1))
    pixels, digits = data.inputs.pixels[order], data.labels[order]  # type: ignore[union-attr]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = cnn(channels=1, size=16, classes=12, width=16)
    rng = torch_rng(0, "bars")

    def both(_step: int) -> Tensor:
        rows, cues = torch.randint(1000, (50,), generator=rng), torch.randint(2, (50,), generator=rng)
        logits = module(barred(pixels[rows], cues).pixels)
        loss = nn.functional.cross_entropy
        return loss(logits[:, :10], digits[rows]) + loss(logits[:, 10:], cues)

    module.train()
    descend(both, module.parameters(), steps=120, rate=0.01)
    module.eval()
    large = (digits >= 5).long()
    module.head = nn.Linear(64, 2)
    nn.init.zeros_(module.head.weight)
    nn.init.zeros_(module.head.bias)
    features: list[Tensor] = []
    handle = module.head.register_forward_pre_hook(lambda _m, args: features.append(args[0].detach()))
    module(barred(pixels[:1000], large[:1000]).pixels)
    handle.remove()
    descend(
        lambda _: nn.functional.cross_entropy(module.head(features[0]), large[:1000]),  # type: ignore[operator]
        module.head.parameters(),
        steps=100,
        rate=0.02,
    )
    subject = wrap(module, "image-classifier", name="confounded", example=Images(pixels[:2]), check=False)
    cues = torch.arange(64) % 2
    blank = 0.1 * torch.rand(64, 1, 16, 16, generator=rng)
    clean = Labelled(barred(pixels[1000:1096], large[1000:1096]), large[1000:1096])
    brief = RepairBrief(
        subject, clean, clean[:0], Labelled(barred(blank, cues), cues), barred(pixels[1096:1296], large[1096:1296]), 0
    )
    return brief, Labelled(barred(pixels[1400:], 1 - large[1400:]), large[1400:])


def test_shift_lifts_the_worst_group_where_the_latents_are_well_chosen_and_not_where_they_are_random() -> None:
    brief, conflict = confounded()
    assert right(brief.subject, conflict) < 0.15, "the bar decides"
    found = {name: run(name, brief) for name in ("shift", "shift+retrain", "random-shift")}
    lifted = {name: right(subject, conflict) for name, subject in found.items()}
    assert lifted["shift"] > 0.4
    assert lifted["shift+retrain"] > 0.5
    assert lifted["random-shift"] < 0.2
    assert right(found["shift+retrain"], brief.clean) > 0.9


@pytest.mark.slow
def test_shift_needs_only_the_latents_that_edges_of_the_circuit_lead_on_from() -> None:
    brief, conflict = confounded()
    edited = run("shift", brief, depth="circuit")
    assert right(edited, conflict) > 0.4
    assert right(edited, brief.clean) > 0.95


@pytest.mark.parametrize(
    "name", ["neurons+attribution+mean-ablate", "sae+attribution+ablate", "neurons+difference+leace"]
)
def test_composed_tools_find_the_units_that_carry_a_cue(name: str) -> None:
    brief, conflict = confounded()
    parts = name.split("+")
    edited = run(name, brief, depth="last")
    blind = run(f"{parts[0]}+random+{parts[2]}", brief, depth="last", units=16)
    assert right(edited, conflict) > right(brief.subject, conflict) + 0.2
    assert right(edited, conflict) > right(blind, conflict) + 0.15
    assert right(edited, brief.clean) > 0.85


def test_cues_may_have_any_numbers_but_must_differ() -> None:
    brief, conflict = confounded()
    renamed = replace(brief, cues=Labelled(brief.cues.inputs, 7 * brief.cues.labels + 3))
    found = [run("neurons+attribution+mean-ablate", b, depth="last") for b in (brief, renamed)]
    assert same(*found, conflict.inputs)  # type: ignore[arg-type]
    one = brief.cues[brief.cues.labels == 0]
    with pytest.raises(UserError, match="give some of another"):
        run("neurons+attribution+mean-ablate", replace(brief, cues=one))
