"""Unlearning by what a subject decides: make a decision on some inputs unlikely, and keep the decisions on others.

The losses are written for one decision an input, where the published ones take the mean over an answer's tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.faults.training import trimmed
from fairfight.parts.training.batches import BATCH, even_rows, only
from fairfight.parts.training.descent import descend
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.training.stopping import Guard
from fairfight.seeds import torch_rng
from fairfight.subject.subject import Subject

Forgetting = Callable[[Tensor, Tensor], Tensor]
"""What unlearning brings down, from the log-probability [n] of each decision that is to be forgotten, now and in the
subject as it was."""


def ascent(enough: float = 0.0) -> Forgetting:
    """The likelihood itself: gradient ascent on the loss (Jang et al. 2023).

    Args:
        enough: A decision that has become less likely than this counts no more. Published with 0, where the loss has no
            bound and soon outweighs whatever is to be kept.
    """
    least = math.log(enough) if enough else -math.inf

    def loss(now: Float[Tensor, " n"], before: Float[Tensor, " n"]) -> Float[Tensor, ""]:
        return now.clamp(min=least).mean()

    return loss


def npo(beta: float) -> Forgetting:
    """Negative preference optimisation (Zhang et al. 2024): ascent that slackens as a decision becomes unlikely.

    Args:
        beta: How soon; 0 is ascent.
    """

    def loss(now: Float[Tensor, " n"], before: Float[Tensor, " n"]) -> Float[Tensor, ""]:
        return torch.nn.functional.softplus(beta * (now - before)).mean() * (2 / beta)

    return loss


def simnpo(beta: float, gamma: float) -> Forgetting:
    """NPO by the likelihood itself and not by what it was (Fan et al. 2024).

    Args:
        beta: How soon it slackens.
        gamma: A margin beyond which it need not go.
    """

    def loss(now: Float[Tensor, " n"], before: Float[Tensor, " n"]) -> Float[Tensor, ""]:
        return torch.nn.functional.softplus(beta * now + gamma).mean() * (2 / beta)

    return loss


class Retaining(NamedTuple):
    """What is to stay while something else is unlearned."""

    keep: Labelled
    """Inputs with the decision that is to stay."""
    watch: Labelled
    """Inputs with right decisions, on which it is seen whether it goes too far."""
    weight: float
    """Of the cross entropy on ``keep`` beside the loss on what is to be forgotten; 0 leaves it out."""
    tolerance: float
    """By how many nats the cross entropy on ``watch`` may rise."""


def unlearn(
    subject: Subject,
    forget: Labelled,
    forgetting: Forgetting,
    retaining: Retaining,
    *,
    steps: int,
    rate: float,
    seed: int,
    size: int = BATCH,
) -> Subject:
    """A copy of a subject that does not decide ``forget`` as labelled any more.

    If the cross entropy on ordinary inputs has risen too far, it goes back to where that was not yet so; without a
    term that would bring it down again it also stops there. With nothing to forget, nothing is changed.

    Args:
        subject: Stays as it is.
        forget: Inputs with the decision that is to go; there may be none.
        forgetting: The loss on them.
        retaining: What is to stay.
        steps: At most.
        rate: The highest learning rate.
        seed: Draws the batches.
        size: Of a batch; a quarter is to be forgotten, or all of it where nothing is kept by training.
    """
    copy = subject.copy()
    if not len(forget):
        return copy
    keep, weight = retaining.keep, retaining.weight
    with torch.no_grad():
        before = _likelihood(copy(trimmed(forget.inputs)), forget.labels)
    few = size // 4 if weight and len(keep) else size
    draw = even_rows(len(forget), few, torch_rng(seed, "forget"))
    rest = even_rows(len(keep), size - few, torch_rng(seed, "keep")) if few < size else None

    def loss(_: int) -> Float[Tensor, ""]:
        rows = next(draw)
        batch = forget[rows] if rest is None else Labelled.concat([forget[rows], keep[next(rest)]])
        logits = copy(trimmed(batch.inputs))
        k = len(rows)
        bad = forgetting(_likelihood(logits[:k], batch.labels[:k]), before[rows])
        if rest is None:
            return bad
        return bad + weight * torch.nn.functional.cross_entropy(logits[k:], batch.labels[k:])

    with only(copy.module, copy.module.parameters()) as chosen:
        patience = 1 if rest is None else steps
        guard = Guard(copy, retaining.watch, chosen, tolerance=retaining.tolerance, patience=patience)
        descend(loss, chosen, steps=steps, rate=rate, after=guard)
        guard.restore()
    return copy


def _likelihood(logits: Float[Tensor, "n classes"], labels: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Log-probability of each label."""
    return logits.log_softmax(dim=-1).gather(1, labels[:, None])[:, 0]
