"""What can be read of a network in the way that suits it: one tool for both modalities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairfight.tasks.registry import tool

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief


@tool(
    "decompile",
    source="Michaud et al. 2024; Friedman et al. 2023; Nanda et al. 2023",
    modalities=("sequences", "transformers"),
    suites=("quick", "standard", "large"),
)
def reader(brief: DecompileBrief) -> Program:
    """Read a recurrent network as ``mips`` does; a transformer head by head, or else by its circles."""
    from fairfight.tasks.decompile._reading import inside, usual

    return inside(brief) or usual(brief)
