"""Neuron Shapley (Ghorbani & Zou 2020): what a unit does for the fault, on average over who else is already held."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.scores.bandit import shares
from fairfight.parts.scores.codes import usual_codes
from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.scores.without import Without, strongest
from fairfight.seeds import torch_rng


def shapley(
    contrast: Contrast, *, most: int = 64, top: int = 8, rounds: int = 12, harm: float = 0.0
) -> Float[Tensor, " k"]:
    """A unit's Shapley value: how much the fault falls when the unit does what it usually does, beside any others.

    Units that stand in for one another share what patching one alone does not show. Where the paper zeroes a filter's
    weights, a unit is held at its usual code here. Of a basis with more units, only those that ``attribution`` thinks
    most of play, and all others score zero.

    Args:
        contrast: Where to look.
        most: How many units play at most.
        top: Sampling goes on until it is clear which units are the best ``top``, or
        rounds: until so many orders have been followed. On small CNNs eight rank units much as four hundred do (rank
            correlation above .9), long before the intervals are narrow enough to settle all of them.
        harm: How much of the rise of the loss on ``clean`` is taken off what the fault falls by.
    """
    usual = usual_codes(contrast)
    units = strongest(contrast, most) if len(usual) > most else torch.arange(len(usual))
    fault = Without(contrast, units, usual)
    loss = Without(contrast, units, usual, contrast.clean, _loss) if harm else None

    def game(held: Tensor) -> Tensor:
        worth = fault.whole - fault(held)
        return worth if loss is None else worth - harm * (loss(held) - loss.whole)

    found = shares(game, len(units), top=top, rounds=rounds, rng=torch_rng(contrast.seed, "shapley"))
    scores = torch.zeros_like(usual)
    scores[units] = found.means.to(scores)
    return scores


def _loss(logits: Tensor, labels: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")
