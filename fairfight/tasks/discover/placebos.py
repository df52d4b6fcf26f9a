"""Placebos of ``discover``: tools that look into a network which knows nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fairfight.tasks.registry import contender, control

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief

SHORT = ("quick", "standard", "large")


def _blind(brief: DiscoverBrief, tool: str) -> list[Candidate]:
    """What a tool finds in a copy of the subject whose weights have changed places."""
    from fairfight.tasks.discover._chance import scrambled

    who = contender("discover", tool)
    blind = replace(brief, subject=scrambled(brief.subject, brief.seed))
    found: list[Candidate] = who.run(blind, **who.defaults)
    return found


@control("discover", role="placebo", of="difference-direction", suites=SHORT)
def untrained_directions(brief: DiscoverBrief) -> list[Candidate]:
    """Look for directions as ``difference-direction`` does, in a network whose weights have changed places."""
    return _blind(brief, "difference-direction")


@control("discover", role="placebo", of="sae-latents", suites=SHORT)
def untrained_latents(brief: DiscoverBrief) -> list[Candidate]:
    """Rank latents as ``sae-latents`` does, in a network whose weights have changed places."""
    return _blind(brief, "sae-latents")
