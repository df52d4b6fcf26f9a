"""All tools' candidates in one list, put in order by how they do on inputs that nobody searched with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairfight.tasks.registry import combination

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@combination("discover", source="Casper et al. 2023 (All)", suites=("quick", "standard", "large"))
def all_tools(brief: DiscoverBrief) -> list[Candidate]:
    """Pool every tool's candidates and put those first that work on the bank and whose target others find too.

    Each tool has a turn before any has two.
    """
    from fairfight.tasks.discover._pooling import pooled

    return pooled(brief, ("tool",))


@combination(
    "discover",
    source="Casper et al. 2023 (All), with baselines",
    name="all-and-baselines",
    suites=("standard", "large"),
)
def all_and_baselines(brief: DiscoverBrief) -> list[Candidate]:
    """As ``all-tools``, with the candidates of all baselines in the pool."""
    from fairfight.tasks.discover._pooling import pooled

    return pooled(brief, ("tool", "baseline"))
