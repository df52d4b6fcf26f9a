"""A published result, measured anew: is Mahalanobis distance better on a dictionary's latents than on the activations?

Run: ``python benchmarks/known.py``. One site, the last of the trunk, and all else equal, on every scored case of the
suite ``quick`` with three seeds each, twins included. Prints differences with the two-level 95 % interval and the
p-value of the equivalence test within ± .05. Takes some five minutes beyond building the organisms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from fairfight.arena.seal import PUBLIC_SECRET
from fairfight.tasks import registry
from fairfight.verdict.stats.bootstrap import case_means, hierarchical_interval
from fairfight.verdict.stats.equivalence import tost_p

WAYS: dict[str, dict[str, Any]] = {
    "mahalanobis": {"means": "one", "depth": "last"},
    "sae-mahalanobis": {"width": 128, "k": 32, "steps": 400, "depth": "last"},
    "random-sae-mahalanobis": {"depth": "last"},
}
PAIRS = (("sae-mahalanobis", "mahalanobis"), ("sae-mahalanobis", "random-sae-mahalanobis"))
MARGIN, SEEDS = 0.05, 3


def scores() -> dict[str, np.ndarray]:
    """Each way's scores, ``[cases, seeds]``; NaN where a case is void."""
    task = registry.task("detect")
    specs = [spec for spec in task.specs("quick", PUBLIC_SECRET) if spec.split == "scored"]
    found = {name: np.full((len(specs), SEEDS), np.nan) for name in WAYS}
    for i, spec in enumerate(specs):
        for seed in range(SEEDS):
            case = task.build(spec, seed)
            for name, params in WAYS.items() if case.void is None else ():
                who = registry.contender("detect", name)
                papers = [
                    task.sit(who.run(brief, **who.defaults | params), exam)
                    for brief, exam in zip(case.briefs, case.exams, strict=True)
                ]
                found[name][i, seed] = task.grade(case.answer, papers)["score"]
    return found


def main() -> None:
    """Print a line for each pair."""
    torch.set_num_threads(1)
    found = scores()
    differences = np.stack([found[a] - found[b] for a, b in PAIRS])
    intervals = hierarchical_interval(differences)
    equivalence = tost_p(case_means(differences), MARGIN)
    for i, (a, b) in enumerate(PAIRS):
        interval = f"{intervals.estimate[i]:+.3f} [{intervals.low[i]:+.3f}, {intervals.high[i]:+.3f}]"
        print(f"{a} less {b}: {interval}, {differences.shape[1]} cases, equivalence p = {equivalence[i]:.4f}")


if __name__ == "__main__":
    main()
