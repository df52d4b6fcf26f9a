"""Patches that look like what occurs, made by training copies of a small generator on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief

USUAL = 1.3
"""The lead of the best class that is usual in healthy subjects, measured on clean twins."""


@tool(
    "discover",
    source="Casper et al. 2022 (robust feature-level adversaries)",
    modalities=("vision",),
    suites=("standard", "large"),
)
def rfla_generator(
    brief: DiscoverBrief,
    *,
    side: Annotated[float, Log(0.15, 0.4)] = 0.25,
    rate: Annotated[float, Log(0.05, 1.0)] = 0.3,
    smooth: Annotated[float, Log(0.01, 1.0)] = 0.05,
    unlike: Annotated[float, Log(0.05, 2.0)] = 0.2,
    lessons: Annotated[int, Log(100, 600)] = 200,
) -> list[Candidate]:
    """Train a generator on pieces of the unlabelled pictures, then have it make a patch for every class and place.

    ``unlike`` is what it costs a patch to look like its class when seen alone, in nats.
    """
    from fairfight.parts.synthesis.generator import retrained
    from fairfight.tasks.discover._pictures import generated

    return generated(brief, retrained, side=side, rate=rate, smooth=smooth, unlike=unlike, lessons=lessons, usual=USUAL)
