"""What several searches for a trigger agree on where one patch worked: the footprint and the colours of the trigger.

A patch that works is larger than the trigger and full of colours that do not matter. So masks and patterns are sought
anew at its place, each from other noise: what matters comes out the same in all of them, the rest averages out. The
mean mask is cut where it is high, and the mean pattern's contrast is raised, as agreement is never complete. What is
planted is smaller than the patch; in healthy subjects searches agree on more than that, which takes suspicion away.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from fairfight.parts.attacks.masks import Stamp
from fairfight.parts.attacks.patch import Patch
from fairfight.parts.attacks.stacked import Course, search
from fairfight.parts.attacks.trigger import Trigger, halves, success_of
from fairfight.parts.scans.tabor import TABOR
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

INSIDE, OUTSIDE = 1.5, -4.0
"""Masks where a search begins, before a sigmoid: on the patch and around it."""
COURSE = Course(steps=100, batch=4, rate=0.2, loss=0.1, price=1.0)
HIGH = 0.25
"""From this mean mask on a pixel belongs to the trigger."""
CONTRAST = 3.0
"""What the mean pattern's distance from grey is multiplied with."""


def agreed(
    subject: Subject, clean: Labelled, found: Trigger, *, seed: int, searches: int = 6, course: Course = COURSE
) -> Trigger:
    """What a patch that works has in common with others at its place, as a stamp with a sharp edge.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary pictures with their classes. One half is searched with, the other measures success.
        found: A :class:`~fairfight.parts.attacks.patch.Patch` that works. Its suspicion is kept if what is
            agreed on is no larger, and lowered by as much otherwise.
        seed: Draws the halves and where searches begin.
        searches: How many are to agree.
        course: How each goes about it.

    Raises:
        UserError: There are fewer than four pictures, all are of one class, or the target is none of the classes.
    """
    patch = found.change
    assert isinstance(patch, Patch)
    known, held = halves(clean, seed)
    assert isinstance(known.inputs, Images)
    pixels = known.inputs.pixels.to(subject.device)
    _, channels, height, width = pixels.shape
    rng = torch_rng(seed, "agreed")
    a, b = patch.pixels.shape[1:]
    mask = torch.full((searches, 1, height, width), OUTSIDE)
    mask[:, :, patch.top : patch.top + a, patch.left : patch.left + b] = INSIDE
    pattern = 0.5 * torch.randn((searches, channels, height, width), generator=rng)
    targets = torch.full((searches,), found.target)
    raw = [x.to(pixels.device) for x in (mask, pattern)]
    raw, _ = search(subject, pixels, known.labels, targets, raw, TABOR, course, rng)
    stamps = Stamp.of(raw)
    together = stamps.mask.mean(dim=0)
    colours = (stamps.mask * stamps.pattern).sum(dim=0) / stamps.mask.sum(dim=0).clamp_min(1e-6)
    sharp = Stamp((together > HIGH).float().cpu(), ((colours - 0.5) * CONTRAST + 0.5).clamp(0, 1).cpu())
    if not bool(sharp.mask.any()):
        return found
    size = float(sharp.mask.sum())
    return replace(
        found,
        change=sharp,
        success=success_of(subject, sharp, held, found.target),
        size=size,
        suspicion=found.suspicion * min(1.0, a * b / size),
    )
