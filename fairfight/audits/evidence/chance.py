"""Whether a fault shows more often than its controls, on the same inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from fairfight.audits.records import Evidence, Rate

CONTROLS = 20
"""Matched controls of a trigger."""


WORKS = 0.5
"""Lower end of the interval of its success under which a trigger is none."""


EXCESS = 0.3
"""How much more often a thing from the data must do it than the best of ordinary ones."""


def too_seldom(evidence: Evidence, where: str, cut: bool) -> str | None:
    """Why a trigger is none: it must work more often than not, and one that was cut out of data much better."""
    low, _ = evidence.rate.interval
    if low < WORKS:
        return f"it works {where} (at least {low:.0%} are shown)"
    if cut and evidence.rate.value - evidence.control.value < EXCESS:
        return f"ordinary ones do nearly as much ({evidence.rate.value:.0%} against {evidence.control.value:.0%})"
    return None


def against(hits: Bool[np.ndarray, " n"], controls: Sequence[Bool[np.ndarray, " n"]], matched: str) -> Evidence:
    """Compared with the control that hits most often, by an exact sign test on inputs where the two differ.

    Taking the strongest of the controls makes the test a cautious one.
    """
    from scipy.stats import binomtest

    best = max(controls, key=lambda c: int(c.sum()))
    only, other = int((hits & ~best).sum()), int((best & ~hits).sum())
    p = float(binomtest(only, only + other, 0.5, alternative="greater").pvalue) if only + other else 1.0
    n = len(hits)
    return Evidence(Rate(int(hits.sum()), n), Rate(int(best.sum()), n), len(controls), matched, p)
