"""Natural pieces that a subject sees as it sees synthetic adversarial patches, copied and pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@tool("discover", source="Casper et al. 2022 (SNAFUE)", modalities=("vision",), suites=("quick", "standard", "large"))
def snafue(
    brief: DiscoverBrief,
    *,
    each: Annotated[int, Log(2, 6)] = 3,
    steps: Annotated[int, Log(20, 80)] = 40,
    matches: Annotated[int, Log(16, 160)] = 64,
) -> list[Candidate]:
    """Match the bank's pieces to synthetic patches in the last layer, and paste the best; one that works is claimed."""
    from fairfight.parts.scans.copy_paste import copy_paste
    from fairfight.subject.inputs import Images
    from fairfight.tasks.discover._claims import claimed

    assert isinstance(brief.bank, Images)
    how = {"each": each, "steps": steps, "matches": matches}
    found = copy_paste(brief.subject, brief.clean, brief.bank, seed=brief.seed, target=brief.target, **how)
    return claimed(found)
