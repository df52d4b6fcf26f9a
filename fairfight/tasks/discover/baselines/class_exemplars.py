"""Natural pictures that are decided as a class and do not look like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline("discover", source="exemplars of each class; Casper et al. 2023 (control)", modalities=("vision",))
def class_exemplars(brief: DiscoverBrief, *, pictures: Annotated[int, Log(4, 24)] = 16) -> list[Candidate]:
    """Show the bank's pictures that an ordinary reader would decide otherwise; a class with far too many is claimed."""
    from fairfight.parts.scans.exemplars import class_exemplars as search
    from fairfight.subject.inputs import Images
    from fairfight.tasks.discover._examples import exhibited

    assert isinstance(brief.bank, Images)
    return exhibited(search(brief.subject, brief.clean, brief.bank, pictures=pictures))
