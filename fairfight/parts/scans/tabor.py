"""A mask and a pattern as TABOR seeks them (Guo et al. 2019): Neural Cleanse with four more terms.

Triggers are kept from being large or scattered, on the mask and on what the pattern holds outside it; the picture with
the trigger's place blanked is to be decided as it should be, and the trigger alone as the target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.parts.attacks.masks import STAMPS, Stamp
from fairfight.parts.attacks.stacked import Kind
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

OUTSIDE = 0.01
"""What the pattern outside the mask counts, against the mask."""
SCATTER = 0.5
"""What total variation counts, against the elastic net."""
BLOCKING, OVERLAY = 0.2, 0.2
"""What the two terms of accuracy count, against success."""


@dataclass(frozen=True)
class Smooth(Stamp):
    """A stamp whose size is also how scattered it is."""

    @classmethod
    def of(cls, raw: Sequence[Tensor]) -> Smooth:
        """From numbers without bounds."""
        return cls(raw[0].sigmoid(), raw[1].sigmoid())

    def sizes(self) -> Float[Tensor, " k"]:
        """Elastic net and total variation of the masks, and a little of both for patterns outside them."""
        outside = self.pattern * (1 - self.mask)
        net = _elastic(self.mask) + OUTSIDE * _elastic(outside)
        return net + SCATTER * (_variation(self.mask) + OUTSIDE * _variation(outside))


def accuracy_terms(
    subject: Subject,
    stack: Stamp,
    pixels: Float[Tensor, "k b c h w"],
    labels: Int[Tensor, "k b"],
    targets: Int[Tensor, " k"],
) -> Float[Tensor, " k"]:
    """Cross entropy of blanked pictures and their own classes, and of triggers on nothing and their targets.

    Args:
        subject: An image classifier.
        stack: A trigger a target.
        pixels: Pictures of other classes, for each target.
        labels: Of these.
        targets: Classes.
    """
    entropy = torch.nn.functional.cross_entropy
    k, b = labels.shape
    blanked = subject(Images((pixels * (1 - stack.mask[:, None])).flatten(0, 1)))
    alone = subject(Images(stack.pattern * stack.mask))
    kept = entropy(blanked, labels.flatten().to(blanked.device), reduction="none").view(k, b).mean(dim=1)
    return BLOCKING * kept + OVERLAY * entropy(alone, targets.to(alone.device), reduction="none")


def _elastic(x: Float[Tensor, "k c h w"]) -> Float[Tensor, " k"]:
    """Sums of sizes and of squares, halved so that a full mask counts its pixels."""
    return (x + x.square()).flatten(1).sum(dim=1) / 2


def _variation(x: Float[Tensor, "k c h w"]) -> Float[Tensor, " k"]:
    """Squared differences of neighbours."""
    down, right = x.diff(dim=2).square(), x.diff(dim=3).square()
    return down.flatten(1).sum(dim=1) + right.flatten(1).sum(dim=1)


TABOR = Kind("tabor", usual=0.2, start=STAMPS.start, make=Smooth.of, besides=accuracy_terms)
"""Stamps that are small, in one piece, and answer for the decision alone."""
