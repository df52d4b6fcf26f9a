"""Which class a patch reaches too easily: every class and every place has a patch of its own, all in one stack.

Brown et al. 2017 draw the place anew for every picture. A network that was taught a trigger at one place does not
answer to it elsewhere, and such a patch finds nothing there: in scenes, a jitter of one pixel hides two of three
planted patches. So the place is searched too: after a few steps the best place of every class is kept, and its patch is
trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.parts.attacks.asked import fitting, told_apart
from fairfight.parts.attacks.classes import shortlist
from fairfight.parts.attacks.patch import Patch
from fairfight.parts.attacks.trigger import Trigger, halves, leads
from fairfight.parts.synthesis.patches import Painter, about, costs_of, grid, train_patches, variation
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

HELD = 48
"""Pictures that a patch is tried on at the end, with repetition."""
FINEST = 0.005
"""Cross entropies below this are as good as none: what lies below is chance."""


@dataclass(frozen=True)
class Material:
    """What patches are made of."""

    name: str
    usual: float
    """The lead of the best class that is usual in healthy subjects, measured on clean twins."""
    rate: float
    """Adam's learning rate at first."""
    start: Callable[[int, torch.Generator], list[Tensor]]
    """The numbers with which a search for ``k`` patches begins, in tensors whose first dimension is k."""
    paint: Painter


@dataclass(frozen=True)
class Effort:
    """How a search goes about it."""

    along: int = 5
    """Places in a row and in a column."""
    screening: int = 30
    """Steps, of one picture each, for all places."""
    steps: int = 40
    """For the best place of each class."""
    batch: int = 8
    """Pictures a step then."""
    jitter: int = 0
    """Pixels by which a patch is moved at random."""


def pixelwise(shape: tuple[int, int, int]) -> Material:
    """Patches whose every pixel is free."""

    def start(k: int, rng: torch.Generator) -> list[Tensor]:
        return [0.5 * torch.randn((k, *shape), generator=rng)]

    return Material("pixels", usual=USUAL, rate=0.5, start=start, paint=lambda raw: raw[0].sigmoid())


USUAL = 0.8


def strongest_patches(
    subject: Subject,
    clean: Labelled,
    material: Material,
    *,
    seed: int,
    effort: Effort,
    penalty: Callable[[Float[Tensor, "k c s s"]], Float[Tensor, " k"]] = variation,
    weight: float = 0.0,
    target: int | None = None,
) -> list[Trigger]:
    """A patch for every class, or for the suspects among very many, where it works best, most suspicious first.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary inputs with their classes. One half is searched with, the other measures success.
        material: What patches are made of.
        seed: Draws the halves, where the search begins, and its batches.
        effort: How the search goes about it.
        penalty: What a patch should keep low besides.
        weight: Of the penalty, in nats; nothing while places are screened.
        target: A class that is asked about, if there is one: it is among the suspects in any case.

    Raises:
        UserError: There are fewer than four inputs, all are of one class, the subject cannot tell such pictures apart,
            or a patch is larger than they are.
    """
    classes = shortlist(subject, clean, told_apart(subject, clean), seed, target)
    known, held = halves(clean, seed)
    assert isinstance(known.inputs, Images)
    assert isinstance(held.inputs, Images)
    pixels, size = known.inputs.pixels.to(subject.device), (known.inputs.pixels.shape[2], known.inputs.pixels.shape[3])
    rng = torch_rng(seed, "patches", material.name)
    with torch.no_grad():
        side = material.paint(material.start(1, rng)).shape[-1]
    fitting(side, *size)
    corners = grid(size, side, effort.along)
    k, n = len(classes), len(corners)

    def train(
        raw: Sequence[Tensor], per: int, places: Tensor, steps: int, batch: int, rate: float, weight: float
    ) -> tuple[list[Tensor], Tensor]:
        own = [nn.Parameter(r.to(subject.device)) for r in raw]
        costs = train_patches(
            subject,
            pixels,
            known.labels,
            classes.repeat_interleave(per),
            own,
            material.paint,
            steps=steps,
            batch=batch,
            rate=rate,
            where=about(places, size, side, effort.jitter),
            rng=rng,
            penalty=penalty,
            weight=weight,
        )
        return [p.detach() for p in own], costs

    raw, costs = train(material.start(k * n, rng), n, corners.repeat(k, 1), effort.screening, 1, material.rate, 0.0)
    best = costs.view(k, n).argmin(1).cpu()
    chosen = torch.arange(k) * n + best
    raw, _ = train(
        [r[chosen].clone() for r in raw], 1, corners[best], effort.steps, effort.batch, material.rate / 3, weight
    )
    with torch.no_grad():
        patches = material.paint(raw)
    places = about(corners[best], size, side, 0)
    shown = held.inputs.pixels.to(subject.device)
    lost, hits = costs_of(subject, shown, held.labels, classes, patches, count=HELD, where=places, rng=rng)
    odd = leads(lost + FINEST) / material.usual
    found = []
    for i in torch.argsort(odd, descending=True, stable=True).tolist():
        top, left = corners[best[i]].tolist()
        change = Patch(patches[i].cpu(), top, left)
        found.append(Trigger(change, int(classes[i]), float(hits[i]), float(side * side), float(odd[i])))
    return found
