"""Pictures drawn by a network of coordinates that excite every class's logit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief

USUAL = 2.5
"""The lead of the best class that is usual in healthy subjects, measured on clean twins."""


@tool(
    "discover",
    source="Mordvintsev et al. 2018 (feature visualisation, CPPN)",
    modalities=("vision",),
    suites=("standard", "large"),
)
def cppn_target(
    brief: DiscoverBrief,
    *,
    steps: Annotated[int, Log(48, 192)] = 96,
    copies: Annotated[int, Log(1, 4)] = 2,
    rate: Annotated[float, Log(0.003, 0.03)] = 0.01,
) -> list[Candidate]:
    """Draw a picture for every class and cut out the piece that brings other pictures to the class.

    The class whose piece works far better than all others' is claimed; its piece and its picture are handed in.
    """
    from functools import partial

    from fairfight.parts.synthesis.pictures import cppn
    from fairfight.tasks.discover._pictures import visualised

    return visualised(brief, partial(cppn, rate=rate), usual=USUAL, steps=steps, copies=copies)
