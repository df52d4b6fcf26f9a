"""What every contender of repair promises, on a subject so small that all can be held to it; the rest is slow."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fairfight.arena.checks import check_contender
from fairfight.parts.training.descent import decision_loss, descend
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject import Images, cnn, wrap
from fairfight.subject.subject import Subject
from fairfight.tasks.registry import Contender, contenders
from fairfight.tasks.repair.asked import specify
from fairfight.tasks.repair.brief import RepairBrief

FIELD = [c for c in contenders("repair") if c.kind != "oracle"]
SIGHTED = [c for c in FIELD if "vision" in c.modalities]
QUICK = [c for c in FIELD if "quick" in c.suites and c.kind in ("tool", "baseline")]
NEEDS_MORE = {"cue-blind", "token-deletion", "shift", "shift+retrain"}
"""Made for shortcuts: without cues they leave the subject as it is."""
LONG = {"anp", "lat", "lora"}
"""Seconds each."""
each = pytest.mark.parametrize(
    "who",
    [
        pytest.param(c, id=c.name, marks=[pytest.mark.slow] if c.name in LONG or c.suites == ("large",) else [])
        for c in SIGHTED
    ],
)


def banded(labels: torch.Tensor, seed: int) -> torch.Tensor:
    """Noise with a bright band, which tells the class."""
    pixels = 0.5 * torch.rand(len(labels), 1, 16, 16, generator=torch_rng(seed, "pixels"))
    for i, label in enumerate(labels.tolist()):
        pixels[i, :, 5 * label : 5 * label + 4] += 0.5
    return pixels


@pytest.fixture(scope="module")
def brief() -> RepairBrief:
    """A subject that tells three bands apart, some ordinary pictures, and some with a bright corner."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        subject = wrap(cnn(channels=1, size=16, classes=3, width=4), "image-classifier", name="small", check=False)
    clean = Labelled(Images(banded(torch.arange(24) % 3, 1)), torch.arange(24) % 3)
    descend(lambda _: decision_loss(subject, clean), subject.module.parameters(), steps=60, rate=0.02)
    assert bool((subject(clean.inputs).argmax(1) == clean.labels).all())
    bright = banded(torch.arange(6) % 3, 2)
    bright[:, :, :4, :4] = 1
    return specify(subject, clean, Labelled(Images(bright), torch.arange(6) % 3), seed=3)


def state(subject: Subject) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in subject.module.state_dict().items()}


def answers(subject: Subject, inputs: Images) -> torch.Tensor:
    with torch.no_grad():
        return subject(inputs)


@each
def test_is_deterministic_and_leaves_the_subject_alone(who: Contender, brief: RepairBrief) -> None:
    before = state(brief.subject)
    first, second = (answers(who.run(brief, **who.defaults), brief.clean.inputs) for _ in range(2))
    assert torch.equal(first, second)
    assert bool(first.isfinite().all())
    assert all(torch.equal(v, before[k]) for k, v in brief.subject.module.state_dict().items())
    assert not any(p.grad is not None for p in brief.subject.module.parameters())
    modules = list(brief.subject.module.modules())
    assert not any(m.training or m._forward_hooks or m._forward_pre_hooks for m in modules)


@each
def test_copes_with_two_examples_and_without_any_of_the_fault(who: Contender, brief: RepairBrief) -> None:
    small = replace(brief, clean=brief.clean[:2], corpus=brief.corpus[:2], faulty=brief.faulty[:1])
    for given in (small, replace(small, faulty=brief.faulty[:0])):
        assert bool(answers(who.run(given, **who.defaults), brief.clean.inputs).isfinite().all())


@pytest.mark.slow
@each
def test_options_at_either_end_of_their_ranges_work(who: Contender, brief: RepairBrief) -> None:
    for name, span in who.space.items():
        ends = span.options if hasattr(span, "options") else (span.low, span.high)
        for end in ends:
            whole = isinstance(who.defaults[name], int) and not isinstance(who.defaults[name], bool)
            edited = who.run(brief, **{**who.defaults, name: int(end) if whole else end})
            assert answers(edited, brief.clean.inputs).shape == (24, 3), (name, end)


@pytest.mark.slow
@pytest.mark.parametrize("who", [c for c in QUICK if c.name not in NEEDS_MORE], ids=lambda c: c.name)
def test_passes_the_common_suite(who: Contender) -> None:
    check_contender("repair", who.name, capable=False)
