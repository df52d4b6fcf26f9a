"""From the matches of a task that has contenders run backwards too: the differential test of each tool.

A task has such matches if its metrics have ``added``, how much of the fault was added when that was the wish, beside
``gain``, the accuracy gained by the repair itself.
"""

from __future__ import annotations

import numpy as np

from fairfight.verdict.columns import Ring
from fairfight.verdict.differential import Differential, differential_test
from fairfight.verdict.records import TOOLS

ADDED, GAINED = "added", "gain"


def differentials(ring: Ring, baseline: int, *, draws: int, seed: int) -> dict[str, Differential]:
    """Every tool's and combination's differential test against the same baseline, forwards and backwards.

    Args:
        ring: Restricted to its valid cases.
        baseline: Row of the best baseline.
        draws: Of bootstrap and permutation.
        seed: Of both.
    """
    base = _by_case(ring, baseline)
    found = {}
    for row in ring.of_kind(*TOOLS):
        own = _by_case(ring, row)
        cases = sorted(own.keys() & base.keys())
        if not cases:
            continue
        forward, backward, gained = ([own[c][i] - (base[c][i] if i < 2 else 0.0) for c in cases] for i in range(3))
        found[ring.contenders[row]] = differential_test(forward, backward, gained, draws=draws, seed=seed)
    return found


def _by_case(ring: Ring, row: int) -> dict[str, tuple[float, float, float]]:
    """Means over seeds of score, fault added and accuracy gained; a match that failed added and gained nothing."""
    backwards = {m.plan.case_id for some in ring.matches for m in some if ADDED in m.metrics}
    cells: dict[str, list[tuple[float, float, float]]] = {}
    for m in ring.matches[row]:
        if m.plan.case_id in backwards:
            figures = (m.score, m.metrics.get(ADDED, 0.0), m.metrics.get(GAINED, 0.0))
            cells.setdefault(m.plan.case_id, []).append(figures)
    return {case: tuple(np.mean(some, axis=0).tolist()) for case, some in cells.items()}  # type: ignore[misc]
