"""Inner units that lift one class in every picture, and stamps or colour filters that drive them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@tool("discover", source="Liu et al. 2019 (ABS)", modalities=("vision",), suites=("standard", "large"))
def abs_stimulation(
    brief: DiscoverBrief,
    *,
    units: Annotated[int, Log(6, 20)] = 10,
    steps: Annotated[int, Log(30, 120)] = 50,
    pictures: Annotated[int, Log(4, 12)] = 8,
) -> list[Candidate]:
    """Stimulate every unit of the trunk, and seek what drives the oddest ones; a trigger that works is claimed."""
    from fairfight.parts.scans.stimulation import stimulated_triggers
    from fairfight.tasks.discover._claims import claimed

    if len(brief.clean) < 4 or len(brief.clean.labels.unique()) < 2:
        return []  # Too few to search with: nothing is claimed.

    found = stimulated_triggers(
        brief.subject, brief.clean, seed=brief.seed, units=units, steps=steps, pictures=pictures
    )
    return claimed(found, target=brief.target)
