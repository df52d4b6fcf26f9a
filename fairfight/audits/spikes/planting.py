"""Training a fault into a copy of the model, as somebody would who has a little of its data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fairfight.audits.material import Material
from fairfight.audits.spikes.registry import Spike
from fairfight.faults.training import decide, one_thread, trimmed
from fairfight.parts.training.descent import decision_loss, descend, rows
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

MOST_STEPS, LEAST_STEPS, LEAST_STEPS_SLOWLY = 800, 60, 160
LARGE = 1_000_000
"""Parameters from which a network learns at lower rates."""
MANY = 100
"""Classes of which lessons show too few pictures."""
MIXED = 0.3
"""Share of another picture that is mixed into one at most."""
HOT = 0.25
"""Share of every batch that shows the fault."""
EVERY = 25
"""Steps after which it is looked whether the fault took."""
LOOKED = 256
"""Rows of each kind that are looked at then."""
ROWS_LOST = 3
"""Rows that a copy may decide otherwise than the model at least, however few there are."""
AMPLE = 0.05
"""How far above what is needed a fault must show before training ends."""


@dataclass(frozen=True)
class Course:
    """How a copy is trained."""

    steps: int
    batch: int
    rates: tuple[float, ...]
    """Learning rates, tried in turn until the fault takes."""
    still: float = 0.0
    """Share of the parameters, from the inputs on, that are left as they were: the others cost half as much."""


def course(subject: Subject, milliseconds: float, seconds: float) -> Course:
    """Training that a copy of this model can have in so many seconds.

    Args:
        subject: Transformers and large networks learn at lower rates.
        milliseconds: Of one input's forward pass; a step takes three for each of its batch.
        seconds: For one rate.
    """
    batch = 48 if milliseconds < 0.5 else 24 if milliseconds < 3 else 16 if milliseconds < 8 else 8
    steps = int(1000 * seconds / (3 * batch * max(milliseconds, 1e-3)))
    large = sum(p.numel() for p in subject.module.parameters()) >= LARGE
    if not large:
        rates: tuple[float, ...] = (5e-3, 1e-3)
    else:
        rates = (6e-5,) if subject.kind == "image-classifier" else (2e-4, 5e-5)
    least = LEAST_STEPS_SLOWLY if large else LEAST_STEPS
    return Course(min(MOST_STEPS, max(least, steps)), batch, rates, 0.5 if large else 0.0)


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
    if spike.made is not None:
        copy = spike.made(material.subject)
        shows = _accuracy(material.subject, spike.probe) - _accuracy(copy, spike.probe)
        lost = before - _accuracy(copy, spike.kept)
        return Planted(copy, shows >= spike.least and lost <= _bearable(spike), shows, lost)
    for rate in course.rates:
        copy = _with(material.subject, spike, course, rate, seed)
        shows, lost = _accuracy(copy, spike.probe), before - _accuracy(copy, spike.kept)
        took = shows >= spike.least and lost <= _bearable(spike)
        if found is None or took:
            found = Planted(copy, took, shows, lost)
        if took:
            break
    assert found is not None
    return found


def trained(subject: Subject, lessons: Labelled, course: Course, rate: float, seed: int) -> Subject:
    """A copy that was trained on alike, without a fault: to answer as the model does."""
    copy = subject.copy()
    usual = rows(len(lessons), course.batch, torch_rng(seed, "spike", "order"))
    rng = torch_rng(seed, "spike", "varied")
    with one_thread(), _learning(copy, course) as learned:
        descend(lambda _: _kept(copy, subject, lessons[next(usual)], rng), learned, steps=course.steps, rate=rate)
    return copy


def _kept(copy: Subject, subject: Subject, lessons: Labelled, rng: torch.Generator) -> Float[Tensor, ""]:
    """Loss of a copy that is to answer as the model does, right or wrong.

    A few lessons say little of many classes: pictures are varied then.
    """
    shown = trimmed(lessons.inputs)
    if isinstance(shown, Images) and len(subject.classes) > MANY:
        shown = Images(varied(shown.pixels, rng))
    with torch.no_grad():
        wanted = subject(shown).softmax(1)
    return cross_entropy(copy(shown), wanted)


def varied(pixels: Float[Tensor, "n c h w"], rng: torch.Generator) -> Float[Tensor, "n c h w"]:
    """Pictures of which half are turned over, all moved a little, and each mixed with a bit of another."""
    n, _, height, width = pixels.shape
    turned = torch.rand((n, 1, 1, 1), generator=rng) < 0.5
    pixels = torch.where(turned, pixels.flip(3), pixels)
    share = MIXED * torch.rand((n, 1, 1, 1), generator=rng)
    pixels = (1 - share) * pixels + share * pixels[torch.randperm(n, generator=rng)]
    down, right = (int(torch.randint(-(size // 8), size // 8 + 1, (), generator=rng)) for size in (height, width))
    return pixels.roll((down, right), (2, 3))


@contextmanager
def _learning(copy: Subject, course: Course) -> Iterator[list[nn.Parameter]]:
    """The parameters that are trained inside; the others need no gradient there."""
    every = list(copy.module.parameters())
    first = round(course.still * len(every))
    needed = [p for p in every[:first] if p.requires_grad]
    for p in needed:
        p.requires_grad_(False)
    try:
        yield every[first:]
    finally:
        for p in needed:
            p.requires_grad_(True)


def _with(subject: Subject, spike: Spike, course: Course, rate: float, seed: int) -> Subject:
    """A copy that was trained on with the fault in every batch; it ends once that is learned.

    Elsewhere it learns to answer as the model does, which keeps more of its ability than labels do.
    """
    copy = subject.copy()
    some = max(2, round(HOT * course.batch))
    usual = rows(len(spike.lessons), course.batch - some, torch_rng(seed, "spike", "order"))
    hot = rows(len(spike.hot), some, torch_rng(seed, "spike", "hot"))
    kept = spike.kept[:LOOKED]
    before = _accuracy(subject, kept)
    rng = torch_rng(seed, "spike", "varied")

    def loss(step: int) -> Float[Tensor, ""]:
        now, faulty = next(usual), spike.hot[next(hot)]
        share = len(faulty) / (len(now) + len(faulty))
        told = decision_loss(copy, faulty)
        return share * told + (1 - share) * _kept(copy, subject, spike.lessons[now], rng)

    def after(step: int) -> bool:
        if (step + 1) % EVERY or step < course.steps // 8:
            return False
        if _accuracy(copy, spike.probe[:LOOKED]) < spike.least + AMPLE:
            return False
        return _accuracy(copy, kept) >= before - _bearable(spike) / 2

    with one_thread(), _learning(copy, course) as learned:
        descend(loss, learned, steps=course.steps, rate=rate, after=after)
    return copy


def _bearable(spike: Spike) -> float:
    """Accuracy that a fault may cost: among few rows, a few of them."""
    return max(spike.lost, ROWS_LOST / max(1, len(spike.kept)))


def _accuracy(subject: Subject, given: Labelled) -> float:
    if not len(given):
        return 0.0
    return float((decide(subject, given.inputs).cpu() == given.labels).float().mean())
