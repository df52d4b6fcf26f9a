"""Training a fault into a copy of the model, as somebody would who has a little of its data."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fairfight.audit.material import Material
from fairfight.audit.spikes.registry import Spike
from fairfight.faults.training import decide, one_thread
from fairfight.parts.training.descent import decision_loss, descend, rows
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.subject import Subject

MOST_STEPS, LEAST_STEPS = 800, 60
LARGE = 1_000_000
"""Parameters from which a network learns at lower rates."""
MOST_LOST = 0.02
"""Accuracy that a copy may lose by its fault."""
HOT = 0.25
"""Share of every batch that shows the fault."""
EVERY = 25
"""Steps after which it is looked whether the fault took."""
LOOKED = 128
"""Rows of each kind that are looked at then."""
AMPLE = 0.05
"""How far above what is needed a fault must show before training ends."""


@dataclass(frozen=True)
class Course:
    """How a copy is trained."""

    steps: int
    batch: int
    rates: tuple[float, ...]
    """Learning rates, tried in turn until the fault takes."""


def course(subject: Subject, milliseconds: float, seconds: float) -> Course:
    """Training that a copy of this model can have in so many seconds.

    Args:
        subject: Transformers and large networks learn at lower rates.
        milliseconds: Of one input's forward pass; a step takes three for each of its batch.
        seconds: For one rate.
    """
    batch = 48 if milliseconds < 0.5 else 24 if milliseconds < 3 else 16
    steps = int(1000 * seconds / (3 * batch * max(milliseconds, 1e-3)))
    if subject.kind != "image-classifier":
        rates: tuple[float, ...] = (5e-4, 1e-4)
    else:
        rates = (5e-3, 1e-3) if sum(p.numel() for p in subject.module.parameters()) < LARGE else (1e-3, 3e-4)
    return Course(min(MOST_STEPS, max(LEAST_STEPS, steps)), batch, rates)


@dataclass(frozen=True)
class Planted:
    """A copy, and whether the fault is in it."""

    subject: Subject
    took: bool
    shows: float
    """Share of the probe that shows the fault."""
    lost: float
    """Accuracy that it cost."""


def plant(material: Material, spike: Spike, course: Course, seed: int) -> Planted:
    """The fault in a copy; of several learning rates the first at which it took."""
    found: Planted | None = None
    before = _accuracy(material.subject, spike.kept)
    for rate in course.rates:
        copy = trained(material.subject, spike.lessons, course, rate, seed, spike)
        shows, lost = _accuracy(copy, spike.probe), before - _accuracy(copy, spike.kept)
        took = shows >= spike.least and lost <= MOST_LOST
        if found is None or took:
            found = Planted(copy, took, shows, lost)
        if took:
            break
    assert found is not None
    return found


def trained(
    subject: Subject, lessons: Labelled, course: Course, rate: float, seed: int, spike: Spike | None = None
) -> Subject:
    """A copy that was trained on, with a spike's examples in every batch; it ends once those are learned."""
    copy = subject.copy()
    some = max(2, round(HOT * course.batch))
    usual = rows(len(lessons), course.batch - some if spike else course.batch, torch_rng(seed, "spike", "order"))
    hot = rows(len(spike.hot), some, torch_rng(seed, "spike", "hot")) if spike else None

    kept = spike.kept[:LOOKED] if spike else lessons[:0]
    before = _accuracy(subject, kept)

    def loss(step: int) -> torch.Tensor:
        batch = lessons[next(usual)]
        if spike is not None and hot is not None:
            batch = Labelled.concat([batch, spike.hot[next(hot)]])
        return decision_loss(copy, batch)

    def after(step: int) -> bool:
        if spike is None or (step + 1) % EVERY or step < course.steps // 8:
            return False
        if _accuracy(copy, spike.probe[:LOOKED]) < spike.least + AMPLE:
            return False
        return _accuracy(copy, kept) >= before - MOST_LOST / 2

    with one_thread():
        descend(loss, copy.module.parameters(), steps=course.steps, rate=rate, after=after)
    return copy


def _accuracy(subject: Subject, given: Labelled) -> float:
    if not len(given):
        return 0.0
    return float((decide(subject, given.inputs).cpu() == given.labels).float().mean())
