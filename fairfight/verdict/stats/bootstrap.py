"""Bootstrap over two levels, cases and seeds within cases (Davison & Hinkley 1997, section 3.8).

A draw takes cases with replacement, and for each taken case seeds with replacement, and averages: seeds within cases,
then cases, each case weighing the same. Done naively, this counts the noise between seeds twice, because case means
already vary by it. The remedy is the shrinkage correction of Ng, Grieve & Carpenter (Stata Journal 13, 2013): case
means are pulled together and residuals spread out, so that the variance of a draw is what the data say it is.

With twenty cases a percentile interval is still too short, for the same reason that a normal quantile is where
Student's is right; the *expanded* percentile interval (Hesterberg, The American Statistician 69, 2015) reads the
quantiles further out by just that. Simulations in the tests show 95 % coverage at 20 cases and 3 seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_CHUNK = 300_000
"""Weights drawn at a time: few enough to stay in the processor's cache, which is three times as fast."""

_KEEP = 4_000_000
"""Weights up to which a whole set is kept for the next call (32 MB)."""


@dataclass(frozen=True)
class Intervals:
    """Estimates with their intervals, one per row of what was asked."""

    estimate: Floats
    low: Floats
    high: Floats


def case_means(values: Floats) -> Floats:
    """``[rows, cases, seeds]`` to ``[rows, cases]``: the mean over the seeds that are there, NaN where none is."""
    there = ~np.isnan(values)
    count = there.sum(-1)
    total = np.where(there, values, 0.0).sum(-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def hierarchical_draws(values: Floats, *, draws: int = 10_000, seed: int = 0, shrink: bool = True) -> Floats:
    """Bootstrap draws of each row's mean, ``[draws, rows]``.

    Args:
        values: ``[rows, cases, seeds]``, NaN where a cell is missing. Rows that lack the same cells share their draws.
        draws: How many.
        seed: Of the generator.
        shrink: Whether to correct for noise between seeds being counted twice.

    A row without any value gives NaN.
    """
    rows, cases, seeds = values.shape
    out = np.full((draws, rows), np.nan)
    if not values.size:
        return out
    there = ~np.isnan(values)
    patterns, member = np.unique(there.reshape(rows, cases * seeds), axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns.reshape(-1, cases, seeds)):
        kept = pattern.any(-1)
        if not kept.any():
            continue
        chosen = np.flatnonzero(member.ravel() == number)
        counts = pattern[kept].sum(-1).astype(np.intp)
        # Cells that are there come first in each case, so that a seed's place can be drawn below the count.
        order = np.argsort(~pattern[kept], axis=-1, kind="stable")
        packed = np.take_along_axis(values[chosen][:, kept], order[None], axis=-1)
        packed = np.where(np.arange(seeds) < counts[:, None], packed, 0.0)[..., : counts.max()]
        if shrink:
            packed = _shrunk(packed, counts)
        table = np.ascontiguousarray(packed.reshape(len(chosen), -1).T)
        if draws * len(table) <= _KEEP:
            out[:, chosen] = _kept_weights(counts.tobytes(), draws, seed) @ table
            continue
        done = 0
        for weights in _weights(counts, draws, seed):
            out[done : done + len(weights), chosen] = weights @ table
            done += len(weights)
    return out


@lru_cache(maxsize=4)
def _kept_weights(counts: bytes, draws: int, seed: int) -> Floats:
    """All weights at once: contrasts of one verdict, and verdicts of like design, are drawn alike."""
    return np.concatenate(list(_weights(np.frombuffer(counts, dtype=np.intp), draws, seed)))


def _shrunk(packed: Floats, counts: Ints) -> Floats:
    """Case means pulled together and residuals spread, per row; empty places stay 0."""
    cases, width = packed.shape[1:]
    there = np.arange(width) < counts[:, None]
    means = packed.sum(-1) / counts
    residuals = np.where(there, packed - means[..., None], 0.0)
    freedom = int((counts - 1).sum())
    if cases < 2 or freedom == 0:
        return packed
    between = means.var(-1, ddof=1)
    within = (residuals**2).sum((-1, -2)) / freedom
    noise = within * (1.0 / counts).mean()
    share = np.divide(noise, between, out=np.zeros_like(noise), where=between > 0)
    pull = np.sqrt(np.maximum(0.0, 1.0 - share))
    spread = np.sqrt(counts / np.maximum(counts - 1, 1))
    grand = means.mean(-1, keepdims=True)
    centre = grand + pull[:, None] * (means - grand)
    return np.where(there, centre[..., None] + residuals * spread[:, None], 0.0)


def _weights(counts: Ints, draws: int, seed: int) -> Iterator[Floats]:
    """``[some draws, cases * width]`` after another: the share of each cell in each draw's mean."""
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK // (len(counts) * int(counts.max())))
    for start in range(0, draws, step):
        yield _some_weights(counts, min(step, draws - start), rng)


def _some_weights(counts: Ints, draws: int, rng: np.random.Generator) -> Floats:
    cases, width = len(counts), int(counts.max())
    total = draws * cases * width
    taken = rng.integers(0, cases, (draws, cases), dtype=np.int32)
    first = taken * width + (np.arange(draws, dtype=np.int32) * (cases * width))[:, None]
    if int(counts.min()) == width:
        place = rng.integers(0, width, (draws, cases, width), dtype=np.uint16)
        hits = np.bincount((first[..., None] + place).ravel(), minlength=total)
        return np.asarray(hits.reshape(draws, -1) / (cases * width), dtype=np.float64)
    many = counts[taken][..., None]
    place = np.minimum((rng.random((draws, cases, width)) * many).astype(np.int32), many - 1)
    share = np.where(np.arange(width) < many, 1.0 / (cases * many), 0.0)
    weights = np.bincount((first[..., None] + place).ravel(), share.ravel(), minlength=total)
    return np.asarray(weights.reshape(draws, -1), dtype=np.float64)


def tail(cases: Ints | int, level: float) -> Floats:
    """The share of draws to cut off at each end for an interval of that level over so many cases."""
    from scipy.special import ndtr, stdtrit

    n = np.maximum(np.asarray(cases, dtype=np.float64), 2.0)
    reach = np.sqrt(n / (n - 1)) * stdtrit(n - 1, 0.5 + level / 2)
    return np.asarray(ndtr(-reach), dtype=np.float64)


def intervals_of(draws: Floats, estimate: Floats, cases: Ints, level: float) -> Intervals:
    """Expanded percentile intervals from draws ``[draws, rows]``; NaN for rows with fewer than two cases."""
    low, high = np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    for n in np.unique(cases):
        if n < 2:
            continue
        rows = np.flatnonzero(cases == n)
        cut = float(tail(int(n), level))
        low[rows], high[rows] = np.quantile(np.ascontiguousarray(draws[:, rows].T), [cut, 1 - cut], axis=1)
    return Intervals(estimate, low, high)


def hierarchical_interval(
    values: Floats, *, draws: int = 10_000, seed: int = 0, level: float = 0.95, shrink: bool = True
) -> Intervals:
    """Each row's mean over cases, with its interval by the two-level bootstrap.

    Args:
        values: ``[rows, cases, seeds]``, NaN where a cell is missing.
        draws: Bootstrap draws.
        seed: Same seed, same interval.
        level: Coverage.
        shrink: See :func:`hierarchical_draws`.
    """
    means = case_means(values)
    cases = (~np.isnan(means)).sum(-1)
    sums = np.where(np.isnan(means), 0.0, means).sum(-1)
    estimate = np.where(cases > 0, sums / np.maximum(cases, 1), np.nan)
    drawn = hierarchical_draws(values, draws=draws, seed=seed, shrink=shrink)
    return intervals_of(drawn, estimate, cases, level)


def cluster_bootstrap(
    values: Floats, clusters: NDArray[np.generic], *, draws: int = 10_000, seed: int = 0, level: float = 0.95
) -> tuple[float, float, float]:
    """The mean of ``values`` with its percentile interval when whole clusters are drawn, not single values.

    Args:
        values: ``[n]``.
        clusters: ``[n]`` labels; values of one cluster stay together (all cells of one data set).
        draws: Bootstrap draws.
        seed: Of the generator.
        level: Coverage.

    Returns:
        Mean, lower end, upper end.
    """
    names, member = np.unique(clusters, return_inverse=True)
    sums, sizes = np.bincount(member, values), np.bincount(member)
    n = len(names)
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    drawn = (times @ sums) / (times @ sizes)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(values.mean()), float(low), float(high)
