"""The scale on which ``random`` is 0 and ``oracle`` is 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairfight.verdict.stats.bootstrap import Intervals, case_means, hierarchical_interval

Floats = NDArray[np.float64]


def normalised(scores: Floats, random: Floats, oracle: Floats, *, draws: int = 10_000, seed: int = 0) -> Intervals:
    """Each contender's share of the way from random to oracle: a ratio of means over cases.

    The ratio is pooled, mean of score minus random over mean of oracle minus random, and not averaged over cases: a
    case on which the controls are close would outweigh all others in a mean of ratios. Its interval comes from the
    two-level bootstrap of the ratio's linearisation (numerator minus ratio times denominator, over the mean
    denominator); the denominator of valid cases is far from zero, so that this is accurate, and the two controls come
    out as exactly 0 and 1.

    Args:
        scores: ``[contenders, cases, seeds]``, NaN where missing.
        random: ``[cases, seeds]`` of the floor.
        oracle: ``[cases, seeds]`` of the ceiling.
        draws: Bootstrap draws.
        seed: Of the generator.
    """
    above = scores - random
    span = np.where(np.isnan(above), np.nan, oracle - random)
    above = np.where(np.isnan(span), np.nan, above)
    top, bottom = _mean(above), _mean(span)
    usable = np.abs(bottom) > 1e-9
    ratio = np.divide(top, bottom, out=np.full_like(top, np.nan), where=usable)
    scaled = np.where(usable, bottom, np.nan)[:, None, None]
    around = hierarchical_interval((above - ratio[:, None, None] * span) / scaled, draws=draws, seed=seed)
    return Intervals(ratio, ratio + around.low, ratio + around.high)


def _mean(values: Floats) -> Floats:
    means = case_means(values)
    there = ~np.isnan(means)
    count = there.sum(-1)
    return np.where(count > 0, np.where(there, means, 0.0).sum(-1) / np.maximum(count, 1), np.nan)
