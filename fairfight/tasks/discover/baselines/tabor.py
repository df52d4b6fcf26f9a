"""The smallest mask and pattern, held together and to where they matter, that bring any picture to a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline(
    "discover",
    source="Guo et al. 2019 (TABOR)",
    modalities=("vision",),
    suites=("quick", "standard", "large"),
)
def tabor(
    brief: DiscoverBrief,
    *,
    steps: Annotated[int, Log(40, 300)] = 80,
    refining: Annotated[int, Log(20, 200)] = 60,
    price: Annotated[float, Log(0.5, 20.0)] = 5.0,
) -> list[Candidate]:
    """Search as Neural Cleanse does, with TABOR's regularisers; a class with a far smaller trigger is claimed."""
    from dataclasses import replace

    from fairfight.parts.attacks.classes import REFINE, SCREEN, smallest_triggers
    from fairfight.parts.scans.tabor import TABOR
    from fairfight.tasks.discover._claims import claimed

    if len(brief.clean) < 4 or len(brief.clean.labels.unique()) < 2:
        return []  # Too few to search with: nothing is claimed.

    screen = replace(SCREEN, steps=steps, price=price)
    refine = replace(REFINE, steps=refining)
    found = smallest_triggers(
        brief.subject, brief.clean, TABOR, seed=brief.seed, screen=screen, refine=refine, target=brief.target
    )
    return claimed(found, target=brief.target)
