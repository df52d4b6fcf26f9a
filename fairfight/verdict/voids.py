"""Void cases: those that cannot tell contenders apart. They are listed with the reason, never silently dropped."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fairfight.verdict.columns import Ring

MIN_GAP = 0.1
"""Least mean of oracle minus random, in the metric's unit: a fifth of what separates the two on AUROC."""


def void_cases(ring: Ring, *, min_gap: float = MIN_GAP) -> dict[str, str]:
    """Case id to the reason why it is void.

    A case is void if its builder says so (the fault did not take), or if the oracle does not clearly beat random on it:
    the mean over seeds of oracle minus random, less its standard error over the seeds, is under ``min_gap``. One lucky
    guess of random's on one seed does not make a case void, controls that cannot be told apart do. The rule looks at
    the two controls only, so it favours no contender. Where one of them did not run, the case stands (a caveat of the
    verdict says so).
    """
    reasons: dict[str, str] = {}
    for case, record in ring.records.items():
        if record.void:
            reasons[case] = record.void
    for row in ring.matches:
        for match in row:
            if match.status == "void":
                reasons.setdefault(match.plan.case_id, match.reason or "its builder marked it void")
    gaps = control_gaps(ring)
    if gaps is not None:
        for index, case in enumerate(ring.cases):
            seen = gaps[index][~np.isnan(gaps[index])]
            if case in reasons or not len(seen):
                continue
            error = float(seen.std(ddof=1)) / math.sqrt(len(seen)) if len(seen) > 1 else 0.0
            if seen.mean() - error < min_gap - 1e-12:
                reasons[case] = (
                    f"the oracle does not clearly beat random: by {seen.mean():.3f} ± {error:.3f} over {len(seen)} "
                    f"seeds, where at least {min_gap:.3f} after the error is needed"
                )
    return dict(sorted(reasons.items()))


def control_gaps(ring: Ring) -> NDArray[np.float64] | None:
    """``[cases, seeds]``: oracle minus random, NaN where either is missing; None if either never ran."""
    oracle, random = ring.of_kind("oracle"), ring.of_kind("random")
    if not oracle or not random:
        return None
    return np.asarray(ring.scores[oracle[0]] - ring.scores[random[0]], dtype=np.float64)
