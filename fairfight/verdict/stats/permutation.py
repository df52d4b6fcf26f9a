"""Sign-flip permutation test over cases: if nothing differs, any case's difference might have the other sign."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EXACT_UP_TO = 15
"""Cases up to which every pattern of signs is tried (2^14 of them, the first sign being fixed by symmetry)."""

_CHUNK = 4_000_000


def sign_flip_p(differences: Floats, *, draws: int = 10_000, seed: int = 0) -> Floats:
    """Two-sided p-value of each row's mean difference.

    Args:
        differences: ``[rows, cases]``, one value a case (mean over seeds), NaN where a case is missing.
        draws: Random sign patterns where there are too many to try all; p is then at least 1 / (draws + 1).
        seed: Of the generator.

    Returns:
        ``[rows]``; 1 for a row without cases.
    """
    return _flip(differences, draws, seed, together=False)


def max_sign_flip_p(differences: Floats, *, draws: int = 10_000, seed: int = 0) -> Floats:
    """The same, each p corrected for all rows at once by the largest studentised mean (Westfall & Young 1993).

    Unlike Holm's, this correction knows that rows are correlated, which contrasts between the same contenders are.
    """
    return _flip(differences, draws, seed, together=True)


def _flip(differences: Floats, draws: int, seed: int, *, together: bool) -> Floats:
    d = np.where(np.isnan(differences), 0.0, differences)
    rows, cases = d.shape
    # Σd² does not change with the signs, so |Σd| / √Σd² orders sign patterns as Student's t does.
    size = np.sqrt((d**2).sum(-1))
    unit = np.divide(d, size[:, None], out=np.zeros_like(d), where=size[:, None] > 0)
    seen = np.abs(unit.sum(-1))
    bar = seen - 1e-9
    exact = cases <= EXACT_UP_TO
    total = 2 ** max(cases - 1, 0) if exact else draws
    rng = np.random.default_rng(seed)
    hits = np.zeros(rows)
    step = max(1, _CHUNK // max(cases, 1))
    for start in range(0, total, step):
        stop = min(start + step, total)
        signs = _pattern(start, stop, cases) if exact else _random(stop - start, cases, rng)
        drawn = np.abs(signs @ unit.T)
        if together:
            drawn = drawn.max(-1, keepdims=True) if rows else drawn
        hits += (drawn >= bar).sum(0)
    p = hits / total if exact else (hits + 1) / (total + 1)
    return np.where(size > 0, np.minimum(p, 1.0), 1.0)


def _pattern(start: int, stop: int, cases: int) -> Floats:
    """Sign patterns number ``start`` to ``stop``; the first case keeps its sign."""
    bits = (np.arange(start, stop)[:, None] >> np.arange(max(cases - 1, 0))) & 1
    return np.hstack([np.ones((stop - start, min(cases, 1))), 1.0 - 2.0 * bits])


def _random(count: int, cases: int, rng: np.random.Generator) -> Floats:
    return np.asarray(1.0 - 2.0 * rng.integers(0, 2, (count, cases), dtype=np.int8), dtype=np.float64)
