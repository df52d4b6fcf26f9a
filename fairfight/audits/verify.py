"""From suspicions to findings: each is tested on data that no search saw, and corrected for how many were tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fairfight.audits.material import Material
from fairfight.audits.records import Evidence, Rate, Suspicion, Tested
from fairfight.tasks.discover.brief import CLAIM
from fairfight.verdict.stats.multiplicity import holm

LEVEL = 0.01
"""Corrected p under which a difference from the controls is no chance."""

UNTESTED = Evidence(Rate(0, 0), Rate(0, 0), 0, "nothing", 1.0)


def evidence_for(material: Material, suspicion: Suspicion, seed: int, *, every: bool = True) -> Evidence:
    """What a suspicion comes to on data that no search saw.

    Args:
        material: Has the inputs that are tested on.
        suspicion: What a search handed in.
        seed: Draws controls.
        every: Whether what cannot become a finding is tested too, so that a reader learns how far it goes.
    """
    if every or (suspicion.again and suspicion.confidence >= CLAIM):
        return suspicion.reproducer.test(material.subject, material.held, seed)
    return UNTESTED


def judged(suspicions: Sequence[Suspicion], evidence: Sequence[Evidence]) -> tuple[list[Tested], list[Tested]]:
    """Findings, the worst first, and what did not hold up with the reason."""
    corrected = holm(np.array([e.p for e in evidence])).tolist() if evidence else []
    tested = []
    for s, e, p in zip(suspicions, evidence, corrected, strict=True):
        if p >= LEVEL:
            why: str | None = f"matched controls do as much ({e.rate.value:.0%} against {e.control.value:.0%})"
        else:
            why = s.reproducer.why_not(e)
        if why is None and s.confidence < CLAIM:
            why = "it does not stand out: other classes have such a trigger as well"
        if why is None and not s.again:
            why = "a second search, on other data, does not come to it"
        tested.append(Tested(s, e, float(p), why, s.reproducer.severity(e)))
    ranks = {"high": 0, "medium": 1, "low": 2}
    found = sorted((t for t in tested if t.why_not is None), key=lambda t: (ranks[t.severity], -t.evidence.rate.value))
    return [replace(t, name=f"F{i + 1}") for i, t in enumerate(found)], [t for t in tested if t.why_not is not None]
