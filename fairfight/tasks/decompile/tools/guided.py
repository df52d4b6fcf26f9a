"""Synthesis guided by the variables that a recurrent network keeps, and the same search with the guidance shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, control, tool

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief

SUITES = ("quick", "standard", "large")


@tool(
    "decompile",
    source="Casper 2023 (model-guided synthesis); Geiger et al. 2021 (interchange)",
    modalities=("sequences",),
    suites=SUITES,
)
def guided(brief: DecompileBrief, *, programs: Annotated[int, Log(50_000, 400_000)] = 150_000) -> Program:
    """Enumerate state machines, first those whose states can be read in the network's and count for what it does."""
    from fairfight.tasks.decompile._guided import guided_machine

    return guided_machine(brief, programs)


@control("decompile", role="placebo", of="guided", modalities=("sequences",), suites=SUITES)
def guided_shuffled(brief: DecompileBrief, *, programs: Annotated[int, Log(50_000, 400_000)] = 150_000) -> Program:
    """Search as ``guided`` does, with what is read of each candidate told of some other."""
    from fairfight.tasks.decompile._guided import guided_machine

    return guided_machine(brief, programs, shuffled=True)
