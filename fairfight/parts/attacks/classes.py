"""Which class an image classifier is brought to too easily: the smallest trigger of some kind is sought for each.

All classes are screened in a few steps; of very many, the few that pictures are driven to when they are to agree
(:mod:`fairfight.parts.attacks.screening`). Only one that stands out is refined, until its trigger also works on inputs
that it was not sought on. So the price is a hundredth of what it is to search for every class to the end.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.parts.attacks.asked import told_apart
from fairfight.parts.attacks.screening import suspects
from fairfight.parts.attacks.stacked import Course, Kind, search
from fairfight.parts.attacks.trigger import SUSPICIOUS, Trigger, halves, leads, success_of
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

CLASSES = 16
"""Classes that a trigger is sought for one by one."""
FEW = 4
"""Suspects that one is sought for where there are more classes."""
SCREEN = Course(steps=80, batch=4, rate=0.25, loss=0.3, price=5.0)
REFINE = Course(steps=40, batch=16, rate=0.1, loss=0.01, price=0.2)


def smallest_triggers(
    subject: Subject,
    clean: Labelled,
    kind: Kind,
    *,
    seed: int,
    screen: Course = SCREEN,
    refine: Course = REFINE,
    target: int | None = None,
) -> list[Trigger]:
    """The smallest trigger of a kind for every class, or for the suspects among very many, most suspicious first.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary inputs with their classes. One half is searched with, the other measures success.
        kind: Of triggers.
        seed: Draws the halves, where the search begins, and its batches.
        screen: How all classes are searched for.
        refine: How the search goes on for one that is suspicious.
        target: The class that is asked about, if it is one: the search goes on for it, suspicious or not.

    Raises:
        UserError: There are too few inputs, all are of one class, or the subject cannot tell such pictures apart.
    """
    classes = told_apart(subject, clean)
    known, held = halves(clean, seed)
    assert isinstance(known.inputs, Images)
    pixels, labels = known.inputs.pixels.to(subject.device), known.labels
    _, channels, height, width = pixels.shape
    targets = shortlist(subject, clean, classes, seed, target)
    rng = torch_rng(seed, "triggers", kind.name)
    raw = [r.to(subject.device) for r in kind.start(len(targets), (channels, height, width), rng)]
    raw, sizes = search(subject, pixels, labels, targets, raw, kind, screen, rng)
    odd = leads(sizes) / kind.usual
    first = sizes.argmin()[None] if target is None else torch.nonzero(targets == target).flatten()
    if target is not None or odd[first] > SUSPICIOUS:
        better, least = search(subject, pixels, labels, targets[first], [r[first] for r in raw], kind, refine, rng)
        for r, b in zip(raw, better, strict=True):
            r[first] = b
        sizes[first] = least
    found = []
    for k in torch.argsort(odd, descending=True, stable=True).tolist():
        change, target = kind.make([r[k].cpu() for r in raw]), int(targets[k])
        success = success_of(subject, change, held, target)
        found.append(Trigger(change, target, success, float(sizes[k]), float(odd[k])))
    return found


def shortlist(
    subject: Subject, clean: Labelled, classes: int, seed: int, target: int | None = None
) -> Int[Tensor, " k"]:
    """All classes; of too many, the few that are suspicious, and the one that is asked about."""
    if classes <= CLASSES:
        return torch.arange(classes)
    few = {s.target for s in suspects(subject, clean.inputs, FEW, seed=seed)}
    return torch.tensor(sorted(few if target is None else few | {target}))
