"""How large a difference a design can see."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@lru_cache(maxsize=4096)
def detectable_effect(cases: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest mean difference, in standard deviations between cases, seen with that power by a paired test.

    Solved on the noncentral t distribution, two-sided at ``alpha``. Infinite with fewer than two cases.
    The sign-flip test that verdicts use has nearly the power of Student's on such data.
    """
    from scipy.special import nctdtr, stdtrit

    if cases < 2:
        return math.inf
    df = cases - 1
    critical = float(stdtrit(df, 1 - alpha / 2))
    low, high = 0.0, (critical + 10.0) / math.sqrt(cases) + 1.0
    while 1.0 - float(nctdtr(df, high * math.sqrt(cases), critical)) < power and high < 1e6:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        if 1.0 - float(nctdtr(df, middle * math.sqrt(cases), critical)) < power:
            low = middle
        else:
            high = middle
    return high


def minimal_detectable(differences: Floats, *, alpha: float = 0.05, power: float = 0.8, comparisons: int = 1) -> Floats:
    """The smallest true difference that each row's design would have seen, in the metric's unit.

    Args:
        differences: ``[rows, cases]``, one value a case, NaN where missing. Their standard deviation is the design's.
        alpha: Error rate over all comparisons.
        power: Chance of seeing it.
        comparisons: Number of contrasts corrected for; the first and hardest step of Holm's procedure is assumed.
    """
    there = ~np.isnan(differences)
    n = there.sum(-1)
    filled = np.where(there, differences, 0.0)
    mean = filled.sum(-1) / np.maximum(n, 1)
    spread = np.where(there, filled - mean[:, None], 0.0)
    sd = np.sqrt((spread**2).sum(-1) / np.maximum(n - 1, 1))
    effect = np.array([detectable_effect(int(k), alpha / max(comparisons, 1), power) for k in n])
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(n >= 2, sd * effect, np.inf), dtype=np.float64)
