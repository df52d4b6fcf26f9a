"""What scores of units are computed from: inputs on which a fault shows, inputs on which it does not, and a basis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.edits.units import Basis
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject

Fault = Callable[[Tensor, Tensor], Tensor]
"""Takes logits [n, classes] and the labels [n] of the inputs, and says how much the fault shows on each [n]."""


def margin(logits: Float[Tensor, "n classes"], labels: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """By how much the best other decision beats the one that should be taken."""
    right = logits.gather(1, labels[:, None])[:, 0]
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return others.amax(dim=1) - right


@dataclass(frozen=True)
class Contrast:
    """Where to look for units that make a fault, and by what to tell them."""

    subject: Subject
    site: str
    basis: Basis
    faulty: Labelled
    """Inputs on which the fault shows, with what should be decided; at least one."""
    clean: Labelled
    """Ordinary inputs with what should be decided; at least one."""
    seed: int
    fault: Fault = margin
    """How much the fault shows, from the logits on ``faulty``."""

    def __post_init__(self) -> None:
        self.subject.site(self.site)
        for name in ("faulty", "clean"):
            if not len(getattr(self, name)):
                raise UserError(f"There are no {name} inputs to compare by: give at least one.")


Score = Callable[[Contrast], Float[Tensor, " k"]]
"""A score a unit of the basis: how much less the fault would show if the unit did on ``faulty`` what it usually does on
``clean``. High is guilty, zero is innocent, below zero the unit works against the fault."""
