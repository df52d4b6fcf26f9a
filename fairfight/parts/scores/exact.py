"""Exact activation patching of units (Vig et al. 2020; Meng et al. 2022): each is set to what it usually does."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.scores.codes import usual_codes
from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.scores.without import Without, strongest


def patching(contrast: Contrast, *, most: int = 64) -> Float[Tensor, " k"]:
    """How much the fault really falls if a unit does what it usually does, one unit at a time.

    What lies before the site is run once, and many units go through what lies behind it in one batch. Of a basis with
    more units, only those that ``attribution`` thinks most of are tried, and all others score zero.

    Args:
        contrast: Where to look.
        most: How many units are tried at most.
    """
    usual = usual_codes(contrast)
    units = strongest(contrast, most) if len(usual) > most else torch.arange(len(usual))
    without = Without(contrast, units, usual)
    scores = torch.zeros_like(usual)
    scores[units] = without.whole - without(torch.eye(len(units), dtype=torch.bool))
    return scores
