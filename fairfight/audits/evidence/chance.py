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


def too_seldom(evidence: Evidence, where: str) -> str | None:
    """Why a trigger is none: it must work more often than not."""
    low, _ = evidence.rate.interval
    return None if low >= WORKS else f"it works {where} (at least {low:.0%} are shown)"


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
