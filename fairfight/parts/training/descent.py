"""Gradient descent on a subject, small enough that a match can afford it and bitwise the same every time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.faults.adamw import AdamW, one_cycle
from fairfight.faults.training import trimmed
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject

Loss = Callable[[int], Float[Tensor, ""]]
"""Takes the number of the step, from 0, and gives what that step brings down."""

STILL = 0.01
"""Length of a gradient that says that there is nothing to learn: else a healthy subject loses ability (measured on
sentences, 60 steps at 0.01 on 96 examples: a tenth of it, and with this none)."""


def descend(
    loss: Loss,
    parameters: Iterable[nn.Parameter],
    *,
    steps: int,
    rate: float,
    decay: float = 0.0,
    still: float = 0.0,
    after: Callable[[int], object] | None = None,
) -> None:
    """Bring a loss down with AdamW under a one-cycle learning rate (Smith & Topin 2018).

    Gradients are cleared and switched off afterwards where they were off before. Whether a module is in training mode
    is the caller's affair: in evaluation mode, batch statistics stay as they are.

    Args:
        loss: Called once a step, with gradients on.
        parameters: What is changed, in place.
        steps: How many.
        rate: The highest learning rate.
        decay: Weight decay.
        still: Length of the gradient under which steps get shorter. At 0, as Adam is published, what has nothing left
            to learn walks at random, its gradient's noise blown up to steps of full length.
        after: Called after each step with its number (to project back, say); the descent ends where it gives True.
    """
    chosen = list(dict.fromkeys(parameters))
    before = [p.requires_grad for p in chosen]
    for p in chosen:
        p.requires_grad_(True)
    descent = AdamW.over(chosen, decay)
    eps = 1e-8 + still / math.sqrt(len(descent.weights))
    try:
        with torch.enable_grad():
            for step in range(steps):
                loss(step).backward()
                descent.step(one_cycle(step, steps, rate), eps=eps)
                if after is not None and after(step) is True:
                    break
    finally:
        descent.release()
        for p, on in zip(chosen, before, strict=True):
            p.requires_grad_(on)


def rows(n: int, size: int, rng: torch.Generator) -> Iterator[Int[Tensor, " b"]]:
    """Batches of row numbers without end: every row once before any comes again (breadth first)."""
    while True:
        yield from torch.randperm(n, generator=rng).split(size)


def decision_loss(subject: Subject, batch: Labelled) -> Float[Tensor, ""]:
    """Cross entropy of what is decided."""
    return torch.nn.functional.cross_entropy(subject(trimmed(batch.inputs)), batch.labels)
