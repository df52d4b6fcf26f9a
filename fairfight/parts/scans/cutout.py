"""What of a natural piece does the work: the piece is masked until no more can be left out.

A piece that brings pictures to a class shows more than the trigger: a bit of ground, of another shape. A mask over it
is sought that is as small as can be while the pixels that stay, just as they were, still work: an object is cut out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from fairfight.parts.attacks.masks import Stamp
from fairfight.parts.attacks.patch import Patch
from fairfight.parts.attacks.stacked import Course, Kind, search
from fairfight.parts.attacks.trigger import Trigger, halves, success_of
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

INSIDE, OUTSIDE = 1.5, -12.0
"""Masks where a search begins, before a sigmoid: on the piece and around it."""
COURSE = Course(steps=60, batch=4, rate=0.2, loss=0.1, price=1.0)
HIGH = 0.4
"""From this mask on a pixel is kept."""


def cut_out(
    subject: Subject, clean: Labelled, found: Sequence[Trigger], *, seed: int, course: Course = COURSE
) -> list[Trigger]:
    """Each piece with all left out that does nothing, in the same order; success is measured anew.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary pictures with their classes. One half is searched with, the other measures success.
        found: Pieces that work (:class:`~fairfight.parts.attacks.patch.Patch`).
        seed: Draws the halves and batches.
        course: How the search goes about it.

    Raises:
        UserError: There are fewer than four pictures, all are of one class, or a target is none of the classes.
    """
    if not found:
        return []
    known, held = halves(clean, seed)
    assert isinstance(known.inputs, Images)
    pixels = known.inputs.pixels.to(subject.device)
    height, width = pixels.shape[2:]
    mask = torch.full((len(found), 1, height, width), OUTSIDE)
    pattern = torch.zeros(len(found), pixels.shape[1], height, width)
    for i, trigger in enumerate(found):
        piece = trigger.change
        assert isinstance(piece, Patch)
        a, b = piece.pixels.shape[1:]
        where = (slice(piece.top, piece.top + a), slice(piece.left, piece.left + b))
        mask[(i, slice(None), *where)] = INSIDE
        pattern[(i, slice(None), *where)] = piece.pixels
    shown = pattern.to(pixels)

    def make(raw: Sequence[Tensor]) -> Stamp:
        return Stamp(raw[0].sigmoid(), shown)

    def start(k: int, shape: tuple[int, int, int], rng: torch.Generator) -> list[Tensor]:
        return [mask]

    targets = torch.tensor([t.target for t in found])
    kind = Kind("cut-out", usual=1.0, start=start, make=make)
    rng = torch_rng(seed, "cut out")
    raw, _ = search(subject, pixels, known.labels, targets, [mask.to(pixels)], kind, course, rng)
    done = []
    for own, picture, trigger in zip(raw[0].sigmoid().cpu(), pattern, found, strict=True):
        sharp = Stamp((own > HIGH).float(), picture)
        size = float(sharp.mask.sum())
        success = success_of(subject, sharp, held, trigger.target)
        done.append(replace(trigger, change=sharp, success=success, size=size) if size else trigger)
    return done
