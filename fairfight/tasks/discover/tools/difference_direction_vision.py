"""What sets the bank's pictures of a class apart from clean ones in a middle layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@tool("discover", source="Marks & Tegmark 2023 (difference in means)", modalities=("vision",))
def difference_direction_vision(brief: DiscoverBrief, *, pictures: Annotated[int, Log(4, 24)] = 16) -> list[Candidate]:
    """Show pictures whose decision rests on what sets the bank apart; a class that has many is claimed."""
    from fairfight.parts.scans.differences import difference_directions
    from fairfight.subject.inputs import Images
    from fairfight.tasks.discover._examples import exhibited

    assert isinstance(brief.bank, Images)
    return exhibited(difference_directions(brief.subject, brief.clean, brief.bank, seed=brief.seed, pictures=pictures))
