"""Paired differences between contenders, with everything a reviewer asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fairfight.verdict.columns import Ring
from fairfight.verdict.records import ALPHA, MIN_CASES, Choice, Contrast
from fairfight.verdict.stats.bootstrap import Intervals, case_means, hierarchical_draws, intervals_of, tail
from fairfight.verdict.stats.equivalence import tost_p
from fairfight.verdict.stats.multiplicity import holm
from fairfight.verdict.stats.permutation import max_sign_flip_p, sign_flip_p
from fairfight.verdict.stats.power import minimal_detectable

Floats = NDArray[np.float64]


def contrasts(
    ring: Ring,
    pairs: Sequence[tuple[int, int]],
    *,
    draws: int = 10_000,
    seed: int = 0,
    margin: float = 0.05,
    choice: Choice = "family",
    correction: Literal["none", "holm", "simultaneous"] = "holm",
) -> list[Contrast]:
    """Row ``a`` minus row ``b`` for each pair, on the cases and seeds that both have.

    Args:
        ring: Restricted to its valid cases.
        pairs: Rows of the ring.
        draws: Of the bootstrap, and of the permutation test where it is not exact.
        seed: Of both.
        margin: Of equivalence, fixed beforehand.
        choice: How these pairs came to be looked at.
        correction: ``holm`` corrects p-values and equivalence over the pairs and leaves each interval at 95 %;
            ``simultaneous`` makes intervals and p-values hold for all pairs at once (largest studentised difference),
            so that they stay right for whichever pair the same scores pick afterwards; ``none`` is for one contrast.
    """
    if not pairs or not ring.cases:
        return []
    a, b = np.array(pairs, dtype=np.intp).T
    values = ring.scores[a] - ring.scores[b]
    either = ~np.isnan(ring.scores[a]) | ~np.isnan(ring.scores[b])
    both = ~np.isnan(values)
    means = case_means(values)
    cases = (~np.isnan(means)).sum(-1)
    estimate = np.where(cases > 0, np.nansum(means, axis=-1) / np.maximum(cases, 1), np.nan)
    drawn = hierarchical_draws(values, draws=draws, seed=seed)
    p = np.where(cases > 0, sign_flip_p(means, draws=draws, seed=seed), np.nan)
    same = np.where(cases >= MIN_CASES, tost_p(means, margin), np.nan)
    if correction == "simultaneous":
        interval = _simultaneous(drawn, estimate, cases)
        adjusted = np.where(cases > 0, max_sign_flip_p(means, draws=draws, seed=seed), np.nan)
    else:
        interval = intervals_of(drawn, estimate, cases, 1 - ALPHA)
        adjusted = holm(p) if correction == "holm" else p
    alike = same if correction == "none" else holm(same)
    raw = tost_p(means, margin)
    many = 1 if correction == "none" else len(pairs)
    mde = minimal_detectable(means, alpha=ALPHA, comparisons=many)
    return [
        Contrast(
            a=ring.contenders[a[i]],
            b=ring.contenders[b[i]],
            difference=float(estimate[i]),
            low=float(interval.low[i]),
            high=float(interval.high[i]),
            p=float(p[i]),
            p_holm=float(adjusted[i]),
            equivalent=None if np.isnan(alike[i]) else bool(alike[i] < ALPHA),
            tost_p=float(raw[i]),
            mde=float(mde[i]),
            cases=int(cases[i]),
            seeds=int(both[i].sum(-1).max(initial=0)),
            margin=margin,
            pairs=int(both[i].sum()),
            missing=int((either[i] & ~both[i]).sum()),
            choice=choice,
        )
        for i in range(len(pairs))
    ]


def _simultaneous(drawn: Floats, estimate: Floats, cases: NDArray[np.intp]) -> Intervals:
    """Intervals that cover all rows at once, each as wide as the largest studentised deviation makes it."""
    usable = cases >= 2
    centred = np.where(usable, drawn - drawn.mean(0), 0.0)
    error = np.sqrt((centred**2).mean(0))
    largest = np.abs(np.divide(centred, error, out=np.zeros_like(centred), where=error > 0)).max(-1)
    level = 1 - 2 * tail(int(cases[usable].min(initial=10**9)), 1 - ALPHA)
    reach = np.where(usable, np.quantile(largest, level) * error, np.nan)
    return Intervals(estimate, estimate - reach, estimate + reach)
