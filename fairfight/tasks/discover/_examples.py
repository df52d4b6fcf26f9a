"""Natural pictures that show a trigger, as candidates."""

from __future__ import annotations

from collections.abc import Iterable

from fairfight.parts.attacks.trigger import SUSPICIOUS
from fairfight.parts.scans.shown import Shown
from fairfight.tasks.discover._claims import sure
from fairfight.tasks.discover.brief import MOST, Candidate


def exhibited(found: Iterable[Shown], most: int = MOST) -> list[Candidate]:
    """The most suspicious classes, with their pictures; once a class is claimed, only such that are."""
    best = sorted(found, key=lambda s: -s.suspicion)[:most]
    if best and best[0].suspicion > 1:
        best = [s for s in best if s.suspicion > 1]
    return [Candidate(s.target, sure(SUSPICIOUS * s.suspicion), examples=s.pictures) for s in best]
