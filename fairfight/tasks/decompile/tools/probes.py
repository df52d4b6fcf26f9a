"""Synthesis from variables that a transformer is found to keep, and the same from variables drawn at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, control, tool

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief

SUITES = ("standard", "large")


@tool("decompile", source="Alain & Bengio 2017; Casper 2023 (synthesis)", modalities=("transformers",), suites=SUITES)
def probes(brief: DecompileBrief, *, programs: Annotated[int, Log(30_000, 300_000)] = 100_000) -> Program:
    """Enumerate expressions that begin from the two variables that linear probes read best."""
    from fairfight.tasks.decompile._probing import probed_program

    return probed_program(brief, programs)


@control("decompile", role="placebo", of="probes", modalities=("transformers",), suites=SUITES)
def shuffled_probes(brief: DecompileBrief, *, programs: Annotated[int, Log(30_000, 300_000)] = 100_000) -> Program:
    """Search as ``probes`` does, from two variables of the list that are drawn at random."""
    from fairfight.tasks.decompile._probing import probed_program

    return probed_program(brief, programs, shuffled=True)
