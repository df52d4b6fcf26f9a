"""Reading a network that sees pictures, and the same with what was read drawn at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, control, tool

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief

SUITES = ("quick", "standard", "large")


@tool("decompile", source="Wong et al. 2021; Casper 2023", modalities=("vision",), suites=SUITES)
def pictures(brief: DecompileBrief, *, programs: Annotated[int, Log(10_000, 200_000)] = 50_000) -> Program:
    """Name what a sparse last layer keeps and enumerate from that; of pixels, the template that slopes share."""
    from fairfight.tasks.decompile._pictures import read_pictures

    return read_pictures(brief, programs)


@control("decompile", role="placebo", of="pictures", modalities=("vision",), suites=SUITES)
def drawn_pictures(brief: DecompileBrief, *, programs: Annotated[int, Log(10_000, 200_000)] = 50_000) -> Program:
    """Do as ``pictures`` does, from statements about factors, or from a template, that are drawn at random."""
    from fairfight.tasks.decompile._pictures import read_pictures

    return read_pictures(brief, programs, shuffled=True)
