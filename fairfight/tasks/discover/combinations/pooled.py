"""All tools' candidates in one list, put in order by how they do on inputs that nobody searched with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Uniform, combination

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@combination("discover", source="Casper et al. 2023 (All)", suites=("quick", "standard", "large"))
def all_tools(
    brief: DiscoverBrief,
    *,
    agreement: Annotated[float, Uniform(0.0, 2.0)] = 1.0,
    variety: Annotated[bool, Choice(True, False)] = True,
) -> list[Candidate]:
    """Pool every tool's candidates and put those first that work on the bank and whose target others find too.

    ``agreement`` is how much the other tools' confidence in the same target counts beside a candidate's own;
    ``variety`` takes the second candidate from another tool than the first, and so on.
    """
    from fairfight.tasks.discover._pooling import pooled

    return pooled(brief, ("tool",), agreement=agreement, variety=variety)


@combination(
    "discover",
    source="Casper et al. 2023 (All), with baselines",
    name="all-and-baselines",
    suites=("standard", "large"),
)
def all_and_baselines(
    brief: DiscoverBrief,
    *,
    agreement: Annotated[float, Uniform(0.0, 2.0)] = 1.0,
    variety: Annotated[bool, Choice(True, False)] = True,
) -> list[Candidate]:
    """As ``all-tools``, with the candidates of all baselines in the pool."""
    from fairfight.tasks.discover._pooling import pooled

    return pooled(brief, ("tool", "baseline"), agreement=agreement, variety=variety)
