"""Pictures of Fourier coefficients that excite the inner units that weigh most for each class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief

USUAL = 1.5
"""The lead of the best class that is usual in healthy subjects, measured on clean twins."""


@tool(
    "discover",
    source="Olah et al. 2017 (feature visualisation, Fourier)",
    modalities=("vision",),
    suites=("standard", "large"),
)
def fourier_inner(
    brief: DiscoverBrief,
    *,
    steps: Annotated[int, Log(48, 192)] = 96,
    copies: Annotated[int, Log(1, 4)] = 2,
    rate: Annotated[float, Log(0.02, 0.2)] = 0.05,
    units: Annotated[int, Log(1, 4)] = 2,
) -> list[Candidate]:
    """Draw a picture for each unit and cut out the piece that brings other pictures to the class.

    The class whose piece works far better than all others' is claimed; its piece and its picture are handed in.
    """
    from functools import partial

    from fairfight.parts.synthesis.pictures import fourier
    from fairfight.tasks.discover._pictures import visualised

    return visualised(brief, partial(fourier, rate=rate), usual=USUAL, steps=steps, copies=copies, inner=units)
