"""Natural pictures that a subject decides as one class for a reason that clean pictures of that class do not have."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.subject.inputs import Images

FURTHER, LEAST = 1.5, 0.3
"""A direction does something new that adds so many times what it adds to any clean picture, and so many nats more."""


@dataclass(frozen=True)
class Shown:
    """Pictures that may show a trigger."""

    target: int
    """What they are decided as."""
    pictures: Images
    """The plainest first."""
    suspicion: float
    """How odd it is that there are such pictures; 1 where healthy subjects seldom get to."""


def shown(
    bank: Images,
    decided: Int[Tensor, " n"],
    oddness: Float[Tensor, "n classes"],
    leads: Float[Tensor, " classes"],
    *,
    pictures: int,
    most: int,
) -> list[Shown]:
    """The oddest pictures that are decided as each class, the most suspicious class first.

    Args:
        bank: Pictures.
        decided: What a subject decides on each.
        oddness: How little each is like ordinary pictures of each class.
        leads: How suspicious each class is.
        pictures: Of each class, at most.
        most: Classes given.
    """
    found: list[Shown] = []
    for target in torch.argsort(leads, descending=True, stable=True).tolist():
        own = torch.nonzero(decided == target).flatten()
        if len(own) and len(found) < most:
            order = torch.argsort(oddness[own, target], descending=True, stable=True)
            found.append(Shown(target, bank[own[order[:pictures]]], float(leads[target])))
    return found
