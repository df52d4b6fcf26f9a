"""What can be read of a network in the way that suits it: one tool for all modalities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairfight.tasks.registry import tool

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief


@tool(
    "decompile",
    source="Michaud et al. 2024; Friedman et al. 2023; Nanda et al. 2023; Wong et al. 2021",
    modalities=("sequences", "transformers", "vision"),
    suites=("quick", "standard", "large"),
)
def reader(brief: DecompileBrief) -> Program:
    """Read a recurrent network as ``mips`` does; a transformer by heads or circles; what sees, as ``pictures`` does."""
    from fairfight.tasks.decompile._pictures import PROGRAMS, read_pictures, sees_pictures
    from fairfight.tasks.decompile._reading import inside, usual

    if sees_pictures(brief):
        return read_pictures(brief, PROGRAMS)
    return inside(brief) or usual(brief)
