"""A published result, measured anew: is Mahalanobis distance better on a dictionary's latents than on the activations?

Run: ``python benchmarks/known.py``. One site, the last of the trunk, and all else equal, on every scored case of the
suite ``quick`` with three seeds each, twins included. Prints differences with 95 % intervals over cases and the p-value
of the equivalence test within ± .05. Takes some five minutes beyond building the organisms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import stats

from fairfight.arena.seal import PUBLIC_SECRET
from fairfight.tasks import registry

WAYS: dict[str, dict[str, Any]] = {
    "mahalanobis": {"means": "one", "depth": "last"},
    "sae-mahalanobis": {"width": 128, "k": 32, "steps": 400, "depth": "last"},
    "random-sae-mahalanobis": {"depth": "last"},
}
PAIRS = (("sae-mahalanobis", "mahalanobis"), ("sae-mahalanobis", "random-sae-mahalanobis"))
MARGIN = 0.05


def scores() -> dict[str, np.ndarray]:
    """Each way's score, a mean over seeds for each case."""
    task = registry.task("detect")
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    for spec in task.specs("quick", PUBLIC_SECRET):
        if spec.split != "scored":
            continue
        cases = [case for seed in range(3) if (case := task.build(spec, seed)).void is None]
        for name, params in WAYS.items():
            who = registry.contender("detect", name)
            graded = []
            for case in cases:
                papers = [
                    task.sit(who.run(brief, **who.defaults | params), exam)
                    for brief, exam in zip(case.briefs, case.exams, strict=True)
                ]
                graded.append(task.grade(case.answer, papers)["score"])
            found[name].append(float(np.mean(graded)))
    return {name: np.array(x) for name, x in found.items()}


def main() -> None:
    """Print a line for each pair."""
    torch.set_num_threads(1)
    found = scores()
    rng = np.random.default_rng(0)
    for a, b in PAIRS:
        x = found[a] - found[b]
        error = x.std(ddof=1) / len(x) ** 0.5
        low, high = np.quantile(x[rng.integers(0, len(x), (10_000, len(x)))].mean(axis=1), [0.025, 0.975])
        above = float(stats.t.sf((x.mean() + MARGIN) / error, len(x) - 1))
        below = float(stats.t.cdf((x.mean() - MARGIN) / error, len(x) - 1))
        interval = f"{x.mean():+.3f} [{low:+.3f}, {high:+.3f}]"
        print(f"{a} less {b}: {interval}, {len(x)} cases, equivalence p = {max(above, below):.4f}")


if __name__ == "__main__":
    main()
