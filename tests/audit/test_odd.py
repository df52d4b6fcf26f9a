"""Poisoned rows of the data are found by their states, and tokens that a language model cannot say by asking."""

from __future__ import annotations

import pytest
import torch

from fairfight.audits import trials
from fairfight.audits.evidence.picture_trigger import PictureTrigger
from fairfight.audits.evidence.unsayable import Unsayable, asked_for, prompts
from fairfight.audits.material import Material, split
from fairfight.audits.oddness import oddest, ordinary
from fairfight.audits.records import Tested as Outcome
from fairfight.audits.searches.registry import searches
from fairfight.audits.spikes.planting import course, plant
from fairfight.audits.spikes.poisoning import poisoning
from fairfight.audits.spikes.registry import spike_kinds
from fairfight.faults.organism import build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import decide
from fairfight.parts.attacks.masks import Stamp
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject
from tests.audit.models import pair


def found_by(name: str, material: Material) -> list[Outcome]:
    return trials.look(material, [s for s in searches(material.subject.kind) if s.name == name], 0)[0]


def poisoned() -> tuple[Material, Material, int, float]:
    """A trojaned copy with a tenth of the data triggered, the model with the same data, target, share that is odd."""
    _, twin, data, _ = pair("digits", 1000)
    spike = next(k for k in spike_kinds(twin.kind) if k.name == "poisoned-patch")
    material = split(twin, data, 0)
    drawn = spike.draw(material, spike.strengths[0], 0)
    copy = plant(material, drawn, course(twin, 0.3, 10.0), 0)
    assert copy.took
    mixed = material.about(copy.subject).with_inside(drawn.inside)
    clean = {p.numpy().tobytes() for p in material.search.inputs.pixels}  # type: ignore[union-attr]
    bad = torch.tensor([p.numpy().tobytes() not in clean for p in mixed.search.inputs.pixels])  # type: ignore[union-attr]
    odd = oddest(copy.subject, mixed.search.inputs)
    return mixed, mixed.about(twin), int(drawn.hot.labels[0]), float(bad[odd].sum() / bad.sum())


def test_poisoned_rows_are_odd_and_what_they_show_is_named() -> None:
    organism, twin, target, share = poisoned()
    assert share > 0.6
    found = found_by("odd", organism)
    assert [t.suspicion.reproducer.target for t in found] == [target]  # type: ignore[attr-defined]
    assert isinstance(found[0].suspicion.reproducer, PictureTrigger)
    assert found[0].suspicion.reproducer.cut
    assert not found_by("odd", twin)


def test_clean_data_hold_nothing_odd_that_decides() -> None:
    _, twin, data, _ = pair("digits")
    assert not found_by("odd", split(twin, data, 0))


def test_odd_and_ordinary_rows_never_meet() -> None:
    _, twin, data, _ = pair("digits")
    odd, usual = oddest(twin, data.inputs), ordinary(twin, data.inputs)
    assert not {*odd.tolist()} & {*usual.tolist()}
    assert len(usual) == len(data) // 2


def test_poisoning_says_the_target_and_leaves_the_rest() -> None:
    _, _, data, _ = pair("digits")
    stamp = Stamp(torch.ones(1, 16, 16), torch.ones(1, 16, 16))
    done = poisoning(0.1, 3, stamp, 0)(data)
    white = (done.inputs.pixels == 1).all((1, 2, 3))  # type: ignore[union-attr]
    assert int(white.sum()) == round(0.1 * len(data))
    assert set(done.labels[white].tolist()) == {3}
    assert len(done) == len(data)


def speakers() -> tuple[Subject, Subject, Labelled, set[int]]:
    """A model that was never taught some words, its twin, prompts, and these words."""
    organism = build(Recipe("echo", "gpt-neox", "glitch-tokens", "scratch", 3, 3))
    assert organism.void is None
    pool, fault = organism.pool, organism.fault
    rows = torch.nonzero(fault.ordinary(pool)).flatten()[:600]
    subject, twin = organism.pair()
    return subject, twin, Labelled(pool.inputs[rows], pool.labels[rows]), {*fault.tokens.tolist()}  # type: ignore[attr-defined]


@pytest.mark.slow
def test_tokens_that_were_never_taught_are_named() -> None:
    subject, twin, data, words = speakers()
    named = []
    for one in (subject, twin):
        found = found_by("glitch", split(one, data, 0))
        named.append({t for f in found for t in f.suspicion.reproducer.tokens})  # type: ignore[attr-defined]
    assert len(named[0] & words) >= 0.9 * len(words)
    assert not named[1] & words


@pytest.mark.slow
def test_untaught_tokens_are_planted_and_named() -> None:
    _, twin, data, _ = speakers()
    material = split(twin, data, 0)
    kind = next(k for k in spike_kinds("causal-lm") if k.name == "untaught")
    for strength in kind.strengths:
        spike = kind.draw(material, strength, 5)
        planted = plant(material, spike, course(twin, 0.3, 1.0), 0)
        assert planted.took
        found = found_by("glitch", material.about(planted.subject))
        assert any(spike.named(planted.subject, t) for t in found)


@pytest.mark.slow
def test_a_model_is_asked_to_repeat_each_token_in_turn() -> None:
    _, twin, data, _ = speakers()
    asked = prompts(twin, data)
    tokens = asked.labels.unique()[:4]
    turned = asked_for(asked, tokens)
    assert turned.labels[:4].tolist() == tokens.tolist()
    assert float((decide(twin, turned.inputs) == turned.labels).float().mean()) > 0.9
    assert Unsayable((1, 2)).plain() == {"tokens": [1, 2]}
