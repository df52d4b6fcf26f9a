"""Inputs that a contender may ask about."""

from __future__ import annotations

import numpy as np

from fairfight.seeds import numpy_rng
from fairfight.tasks.decompile.brief import DecompileBrief


def like_known(brief: DecompileBrief, n: int, what: str) -> tuple[np.ndarray, np.ndarray | None]:
    """More inputs, of known lengths: any, or known ones with a place changed where any are seldom of interest.

    Args:
        brief: The brief.
        n: How many.
        what: Others are drawn for each word.
    """
    rng, (known, length, channels) = numpy_rng(brief.seed, "like known", what), brief.values.shape
    bounds = brief.subject.space
    other = rng.integers(bounds.low, bounds.high + 1, (n, length, channels))
    if brief.lengths is not None:
        return other, brief.lengths[rng.integers(known, size=n)]
    if brief.stepwise:
        return other, None
    changed = rng.random(other.shape) < rng.choice([0, 1 / length], (n, 1, 1))
    return np.where(changed, other, brief.values[rng.integers(known, size=n)]), None
