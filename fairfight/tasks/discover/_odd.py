"""Texts with odd decisions as candidates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.parts.vocabulary.frames import Odd
    from fairfight.tasks.discover.brief import DiscoverBrief

USUAL = 0.75
"""Healthy subjects seldom decide a text as oddly as this (of 14 twins three had a text above .55, none above .7)."""
SHARP = 12.0


def sure(score: float) -> float:
    """A confidence from the oddest text's score."""
    return 1 / (1 + math.exp(-SHARP * (score - USUAL)))


def look(brief: DiscoverBrief, **how: int) -> Odd:
    """How odd the decisions on the brief's bank are."""
    from fairfight.parts.vocabulary.frames import odd_decisions

    return odd_decisions(brief.subject, brief.clean, brief.bank, **how)


def oddest(score: Tensor, share: float, most: int) -> Tensor:
    """Rows whose score is at least so much of the highest, the highest first."""
    best = score.topk(min(most, len(score)))
    return best.indices[best.values >= max(share * float(best.values[0]), 1e-6)]
