"""spot: name the tokens that a language model cannot handle."""

from __future__ import annotations

from fairfight.tasks.spot.brief import Named, SpotBrief

__all__ = ["Named", "SpotBrief"]
