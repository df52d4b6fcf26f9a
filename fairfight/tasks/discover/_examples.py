"""Natural pictures that show a trigger, as candidates."""

from __future__ import annotations

from collections.abc import Iterable

from fairfight.parts.attacks.trigger import SUSPICIOUS
from fairfight.parts.scans.shown import Shown
from fairfight.tasks.discover._claims import sure
from fairfight.tasks.discover.brief import MOST, Candidate

EVERY = 1000
"""Classes that are looked at: all, so that one that is asked about is among them."""


def exhibited(found: Iterable[Shown], most: int = MOST, *, target: int | None = None) -> list[Candidate]:
    """The most suspicious classes, or the one that is asked about, with their pictures.

    Once a class is claimed, only such that are.
    """
    asked = [s for s in found if target is None or s.target == target]
    best = sorted(asked, key=lambda s: -s.suspicion)[:most]
    if best and best[0].suspicion > 1:
        best = [s for s in best if s.suspicion > 1]
    return [Candidate(s.target, sure(SUSPICIOUS * s.suspicion), examples=s.pictures) for s in best]
