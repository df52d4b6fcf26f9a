"""Latent adversarial training: decide rightly also where activations are moved for the worst (Casper et al. 2024).

What sets a hidden fault off need not be known: what it does inside lies among what an opponent there can do.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.faults.training import trimmed
from fairfight.parts.training.batches import BATCH, mixed, only
from fairfight.parts.training.descent import STILL, decision_loss, descend
from fairfight.parts.training.finetune import Course
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.hooking import hooks
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

FURTHER = 2.5
"""All steps uphill together reach so many times as far as a change may be long (Madry et al. 2018)."""


class Opponent(NamedTuple):
    """Who moves activations for the worst."""

    site: str
    """Where."""
    reach: float
    """How far, as a share of the mean length of an activation there: of each token's, or of a whole picture's."""
    climbs: int
    """Steps uphill from a random place at that distance. Without any, the change is noise of full length: a placebo."""


def resist(
    subject: Subject, clean: Labelled, faulty: Labelled, opponent: Opponent, course: Course, *, seed: int
) -> Subject:
    """A copy of a subject, trained to decide as labelled, with activations as they are and moved for the worst.

    Untargeted: the opponent wants any other decision than the labelled one.

    Args:
        subject: Stays as it is.
        clean: Ordinary examples.
        faulty: Examples that are decided wrongly, with what should be decided; there may be none.
        opponent: Who moves activations.
        course: How long and how fast it is trained. Batch normalisation goes by its running statistics throughout.
        seed: Draws batches, and where the opponent begins.

    Raises:
        UserError: There are no examples, or the site is not known.
    """
    copy = subject.copy()
    draw = mixed(clean, faulty, size=BATCH, share=course.share, seed=seed)
    rng = torch_rng(seed, "latent")

    def loss(_: int) -> Float[Tensor, ""]:
        batch = draw()
        change = _worst(copy, batch, opponent, rng)
        with hooks(copy, writes={opponent.site: lambda h: h + change}):
            moved = decision_loss(copy, batch)
        return 0.5 * (moved + decision_loss(copy, batch))

    with only(copy.module, copy.module.parameters()) as chosen:
        descend(loss, chosen, steps=course.steps, rate=course.rate, decay=course.decay, still=STILL)
    return copy


def _worst(subject: Subject, batch: Labelled, opponent: Opponent, rng: torch.Generator) -> Tensor:
    """The change of activations after the climb, in their shape; every one of full length."""
    with torch.no_grad(), hooks(subject, [opponent.site]) as tape:
        subject(trimmed(batch.inputs))
        usual = tape[opponent.site].detach().clone()
    over = (-1,) if isinstance(batch.inputs, Texts) else tuple(range(1, usual.ndim))
    length: Tensor = opponent.reach * torch.linalg.vector_norm(usual, dim=over, keepdim=True).mean()
    if isinstance(batch.inputs, Texts):
        real = trimmed(batch.inputs).mask.bool()[..., None]  # type: ignore[union-attr]
        length = length * real.view(*real.shape[:2], *[1] * (usual.ndim - 2)).to(usual)

    def long(x: Tensor) -> Tensor:
        unit: Tensor = x / torch.linalg.vector_norm(x, dim=over, keepdim=True).clamp_min(1e-12)
        return length * unit

    change = long(torch.randn(usual.shape, generator=rng).to(usual))
    pace = FURTHER / max(opponent.climbs, 1)
    for _ in range(opponent.climbs):
        leaf = change.detach().requires_grad_()
        with hooks(subject, writes={opponent.site: lambda h, leaf=leaf: h + leaf}):  # type: ignore[misc]
            (slope,) = torch.autograd.grad(decision_loss(subject, batch), leaf)
        change = long(change + pace * long(slope))
    return change.detach()
