"""Pieces of natural pictures, pasted into others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline(
    "discover",
    source="random natural patches pasted; Casper et al. 2022 (control)",
    modalities=("vision",),
    suites=("quick", "standard", "large"),
)
def natural_patches(
    brief: DiscoverBrief,
    *,
    onto: Annotated[int, Log(2, 8)] = 4,
    pieces: Annotated[int, Log(576, 4608)] = 2304,
) -> list[Candidate]:
    """Paste pieces of the bank on clean pictures; a class that they raise more than clean pieces do is claimed."""
    from fairfight.parts.scans.natural import natural_patches as search
    from fairfight.subject.inputs import Images
    from fairfight.tasks.discover._claims import claimed

    assert isinstance(brief.bank, Images)
    how = {"onto": onto, "pieces": pieces}
    found = search(brief.subject, brief.clean, brief.bank, seed=brief.seed, target=brief.target, **how)
    return claimed(found)
