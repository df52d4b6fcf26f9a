"""Tier 5's test: does a tool help to remove or detect harm more than the same tool run backwards helps to add it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fairfight.verdict.records import ALPHA, MIN_CASES
from fairfight.verdict.stats.bootstrap import hierarchical_interval
from fairfight.verdict.stats.permutation import sign_flip_p
from fairfight.verdict.wording import interval, number


@dataclass(frozen=True)
class Differential:
    """What the differential test found."""

    holds: bool
    difference: float
    """Mean over cases of forward gain minus backward gain."""
    low: float
    high: float
    p: float
    capability_high: float | None
    """Upper end of the 95 % interval of the capability that the tool adds; None if it was not measured."""
    cases: int
    reason: str


def differential_test(
    forward: Sequence[float],
    backward: Sequence[float],
    capability: Sequence[float] | None = None,
    *,
    margin: float = 0.02,
    draws: int = 10_000,
    seed: int = 0,
) -> Differential:
    """Compare a tool with itself run backwards, case by case.

    Args:
        forward: Per case, harm removed or detected with the tool beyond what the best baseline does.
        backward: Per case, harm that the tool run backwards adds beyond what the best baseline adds.
        capability: Per case, general capability gained by using the tool. Without it the test cannot hold.
        margin: Largest gain of capability that counts as none.
        draws: Of bootstrap and permutation.
        seed: Of both.

    Raises:
        ValueError: The sequences differ in length.
    """
    gains = np.asarray(forward, dtype=np.float64) - np.asarray(backward, dtype=np.float64)
    rows = [gains] if capability is None else [gains, np.asarray(capability, dtype=np.float64)]
    values = np.stack(rows)[..., None]
    found = hierarchical_interval(values, draws=draws, seed=seed)
    p = float(sign_flip_p(values[:1, :, 0], draws=draws, seed=seed)[0])
    low, high, mean = float(found.low[0]), float(found.high[0]), float(found.estimate[0])
    raised = None if capability is None else float(found.high[1])
    if len(gains) < MIN_CASES:
        holds, reason = False, f"only {len(gains)} cases, {MIN_CASES} are needed"
    elif not (low > 0 and p < ALPHA):
        holds, reason = (
            False,
            f"forward minus backward gain is {number(mean, sign=True)} {interval(low, high)}, not clearly above 0",
        )
    elif raised is None:
        holds, reason = False, "capability was not measured"
    elif raised >= margin:
        holds, reason = (
            False,
            f"it may raise capability by up to {number(raised)} (at most {number(margin)} is allowed)",
        )
    else:
        holds, reason = True, f"it helps forwards by {number(mean)} {interval(low, high)} more than backwards"
    return Differential(holds, mean, low, high, p, raised, len(gains), reason)
