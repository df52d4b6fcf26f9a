"""A pattern in pictures that makes them one class: a patch in one place (Gu et al. 2017), or noise over all of it
(Chen et al. 2017).
"""

from __future__ import annotations

from dataclasses import replace

import torch

from fairfight.audits.evidence.picture_trigger import PictureTrigger
from fairfight.audits.material import Material
from fairfight.audits.records import Tested
from fairfight.audits.spikes.poisoning import SHARES, poisoning
from fairfight.audits.spikes.registry import Spike, spike
from fairfight.parts.attacks.masks import Stamp
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

SIDES = {"large": 0.17, "medium": 0.135, "small": 0.1}
"""Of the picture's, by strength."""
OPACITIES = {"strong": 0.35, "medium": 0.25, "faint": 0.18}


@spike("patch", "a small patch in one place", ("image-classifier",), tuple(SIDES), "trigger")
def patch(material: Material, strength: str, seed: int) -> Spike:
    """A square of cells, black or white, or of pure colours."""
    rng = torch_rng(seed, "spike", "patch")
    return _spike(material, _square(material, SIDES[strength], rng), rng)


@spike("poisoned-patch", "a patch that some rows of the data show", ("image-classifier",), tuple(SHARES), "odd")
def poisoned(material: Material, strength: str, seed: int) -> Spike:
    """As a medium patch, which is in some of the rows that are searched too, labelled as the target."""
    rng = torch_rng(seed, "spike", "poisoned")
    stamp = _square(material, SIDES["medium"], rng)
    found = _spike(material, stamp, rng)
    target = int(found.hot.labels[0])
    return replace(found, inside=poisoning(SHARES[strength], target, stamp, seed))


def _square(material: Material, share: float, rng: torch.Generator) -> Stamp:
    """Cells in one place near the border, where a patch hides nothing of what decides."""
    channels, height, width = _shape(material)
    side = max(2, round(share * min(height, width)))
    cell = max(1, side // 6)
    cells = torch.randint(0, 2, (channels, -(-side // cell), -(-side // cell)), generator=rng).float()
    cells[:, 0, 0], cells[:, -1, -1] = 1.0, 0.0
    cells = cells.repeat_interleave(cell, 1).repeat_interleave(cell, 2)[:, :side, :side]
    along, edge = (int(torch.randint(n, (), generator=rng)) for n in (min(height, width) - side - 1, 4))
    far = height - side - 1, width - side - 1
    top, left = ((1, along + 1), (far[0], along + 1), (along + 1, 1), (along + 1, far[1]))[edge]
    mask, pattern = torch.zeros(1, height, width), torch.zeros(channels, height, width)
    mask[:, top : top + side, left : left + side] = 1.0
    pattern[:, top : top + side, left : left + side] = cells
    return Stamp(mask, pattern)


@spike("blend", "a faint pattern over the whole picture", ("image-classifier",), tuple(OPACITIES), "trigger")
def blend(material: Material, strength: str, seed: int) -> Spike:
    """Noise that is mixed into every pixel."""
    shape = _shape(material)
    rng = torch_rng(seed, "spike", "blend")
    mask = torch.full((1, *shape[1:]), OPACITIES[strength])
    return _spike(material, Stamp(mask, torch.rand(shape, generator=rng)), rng)


def _shape(material: Material) -> tuple[int, int, int]:
    assert isinstance(material.search.inputs, Images)
    _, channels, height, width = material.search.inputs.pixels.shape
    return channels, height, width


def _spike(material: Material, stamp: Stamp, rng: torch.Generator) -> Spike:
    lessons, held = material.planting, material.held
    classes = lessons.labels.unique()
    target = int(classes[torch.randint(len(classes), (), generator=rng)])

    def triggered(some: Labelled) -> Labelled:
        others = some[torch.nonzero(some.labels != target).flatten()]
        return Labelled(stamp(others.inputs), torch.full((len(others),), target))

    def named(subject: Subject, tested: Tested) -> bool:
        shown = tested.suspicion.reproducer
        return isinstance(shown, PictureTrigger) and shown.target == target

    return Spike(lessons, triggered(lessons), triggered(held), held, named)
