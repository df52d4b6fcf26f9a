"""discover: say what the trigger is."""

from __future__ import annotations

from fairfight.tasks.discover.brief import Candidate, DiscoverBrief

__all__ = ["Candidate", "DiscoverBrief"]
