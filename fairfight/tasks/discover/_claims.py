"""Recovered triggers as candidates."""

from __future__ import annotations

from collections.abc import Iterable

from fairfight.parts.attacks.trigger import SUSPICIOUS, Trigger
from fairfight.tasks.discover.brief import MOST, Candidate


def sure(suspicion: float) -> float:
    """A confidence: a half where healthy subjects seldom get to (:data:`SUSPICIOUS`), and more beyond it."""
    return min(1.0, max(0.0, suspicion / (suspicion + SUSPICIOUS))) if suspicion > 0 else 0.0


def claimed(triggers: Iterable[Trigger], most: int = MOST, *, target: int | None = None) -> list[Candidate]:
    """The most suspicious triggers, as candidates; those of one target, if one is asked about."""
    asked = [t for t in triggers if target is None or t.target == target]
    best = sorted(asked, key=lambda t: -t.suspicion)[:most]
    return [Candidate(t.target, sure(t.suspicion) if t.success > 0.5 else 0.0, change=t.change) for t in best]
