"""What contenders that make pictures share."""

from __future__ import annotations

from collections.abc import Sequence

from fairfight.parts.attacks.trigger import Trigger
from fairfight.subject.inputs import Images
from fairfight.tasks.discover._claims import claimed
from fairfight.tasks.discover.brief import CLAIM, Candidate, DiscoverBrief

DOUBTFUL = 3
"""Candidates that are handed in where no class stands out."""


def leading(triggers: Sequence[Trigger]) -> list[Candidate]:
    """The trigger of the class that stands out, or the few best where none does."""
    found = claimed(triggers, DOUBTFUL)
    return found[:1] if found and found[0].confidence >= CLAIM else found


def patch_shape(brief: DiscoverBrief, share: float) -> tuple[int, int, int]:
    """Channels, height and width of a square patch: a share of the pictures', four pixels a side at least."""
    assert isinstance(brief.trusted, Images)
    _, channels, height, width = brief.trusted.pixels.shape
    side = max(4, round(share * min(height, width)))
    return channels, side, side
