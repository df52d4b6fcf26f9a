"""Distillation: a subject learns what another decides, or where another attends, from inputs that need no labels."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.faults.training import trimmed
from fairfight.parts.training.batches import BATCH, even_rows, mixed, only
from fairfight.parts.training.descent import STILL, descend
from fairfight.parts.training.finetune import Course
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject


def noised(subject: Subject, share: float, seed: int) -> Subject:
    """A copy whose weights are partly replaced by noise of the same size (UNDO, Lee et al. 2025).

    Args:
        subject: Stays as it is.
        share: 0 leaves the weights, 1 leaves nothing of any matrix or kernel; scales and biases stay.
        seed: Draws the noise.
    """
    copy, rng = subject.copy(), torch_rng(seed, "noise")
    with torch.no_grad():
        for p in copy.module.parameters():
            if p.ndim > 1:
                p.copy_((1 - share) * p + share * p.std() * torch.randn(p.shape, generator=rng))
    return copy


def distil(
    teacher: Subject, inputs: Inputs, *, share: float, steps: int, rate: float, seed: int, heat: float = 2.0
) -> Subject:
    """A noised copy of a teacher that has learned to answer as it does (Hinton et al. 2015; Lee et al. 2025).

    Args:
        teacher: Stays as it is.
        inputs: What they are compared on.
        share: Of noise in the weights that the pupil begins with.
        steps: Of training.
        rate: The highest learning rate.
        seed: Draws noise and order.
        heat: Temperature of the answers that are compared.
    """
    pupil = noised(teacher, share, seed)
    with torch.no_grad():
        wanted = torch.cat([teacher(trimmed(b)) for b in inputs.batches(256)]).div(heat).softmax(dim=-1)
    draw = even_rows(len(inputs), BATCH, torch_rng(seed, "distil"))

    def loss(_: int) -> Float[Tensor, ""]:
        rows = next(draw)
        given = pupil(trimmed(inputs[rows])).div(heat).log_softmax(dim=-1)
        return torch.nn.functional.kl_div(given, wanted[rows], reduction="batchmean") * heat**2

    with only(pupil.module, pupil.module.parameters()) as chosen:
        descend(loss, chosen, steps=steps, rate=rate)
    return pupil


def attend_alike(
    subject: Subject, teacher: Subject, clean: Labelled, faulty: Labelled, course: Course, *, weight: float, seed: int
) -> Subject:
    """A copy of a subject fine-tuned to decide as labelled and to attend as a teacher does (NAD, Li et al. 2021).

    An attention map is the mean square over channels at every place, or over features at every token, scaled to
    length 1; maps are compared at every site of the trunk.

    Args:
        subject: Stays as it is.
        teacher: A fine-tuned copy.
        clean: Ordinary examples.
        faulty: Examples that are decided wrongly, with what should be decided; there may be none.
        course: How long and how fast.
        weight: Of the maps beside the decisions.
        seed: Draws the order.
    """
    pupil, sites = subject.copy(), subject.trunk
    draw = mixed(clean, faulty, size=BATCH, share=course.share, seed=seed)

    def loss(_: int) -> Float[Tensor, ""]:
        batch = draw()
        inputs = trimmed(batch.inputs)
        with torch.no_grad(), teacher.hooks(sites) as wanted:
            teacher(inputs)
            maps = {site: attention(wanted[site], inputs) for site in sites}
        with pupil.hooks(sites) as tape:
            decided = torch.nn.functional.cross_entropy(pupil(inputs), batch.labels)
            apart = sum((attention(tape[s], inputs) - maps[s]).square().sum(dim=1).mean() for s in sites)
        return decided + weight * apart

    with only(pupil.module, pupil.module.parameters()) as chosen:
        descend(loss, chosen, steps=course.steps, rate=course.rate, decay=course.decay, still=STILL)
    return pupil


def attention(activation: Float[Tensor, "n ..."], inputs: Inputs) -> Float[Tensor, "n places"]:
    """Where an activation is strong: one number a place or token, scaled to length 1; padding gets none."""
    if isinstance(inputs, Texts):
        strength = activation.square().mean(dim=-1) * inputs.mask
    else:
        strength = activation.square().mean(dim=1).flatten(1)
    return torch.nn.functional.normalize(strength, dim=1)
