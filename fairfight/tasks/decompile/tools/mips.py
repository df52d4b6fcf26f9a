"""MIPS (Michaud et al. 2024): integer codes of a recurrent network's states, and the program that they follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairfight.tasks.registry import tool

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief


@tool("decompile", source="Michaud et al. 2024 (MIPS)", modalities=("sequences",))
def mips(brief: DecompileBrief) -> Program:
    """Find a lattice or a few points on which the states lie, and write down by what law they move."""
    from fairfight.tasks.decompile._reading import read_program

    return read_program(brief, brief.subject)
