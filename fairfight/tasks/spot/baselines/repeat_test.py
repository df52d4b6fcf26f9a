"""Words asked for one after the other, as far as the budget goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.spot.brief import Named, SpotBrief


@baseline("spot", source="repeat test of the whole vocabulary (Rumbelow & Watkins 2023)", modalities=("language",))
def repeat_test(
    brief: SpotBrief, *, first: Annotated[int, Log(60, 280)] = 230, again: Annotated[int, Log(5, 40)] = 20
) -> list[Named]:
    """Ask for words in an order that is drawn, once each; those that are not repeated are asked for twice more."""
    import torch

    from fairfight.tasks.spot._testing import chance, tested

    found = tested(brief, chance(brief), tokens=first, texts=1)[:again]
    doubtful = torch.tensor([n.token for n in found], dtype=brief.words.dtype)
    return tested(brief, torch.isin(brief.words, doubtful).float(), tokens=len(doubtful), texts=3)
