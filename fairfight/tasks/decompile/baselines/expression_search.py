"""Expressions by enumeration from inputs and outputs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline(
    "decompile",
    source="Albarghouthi et al. 2013 (enumeration)",
    modalities=("sequences", "transformers", "vision"),
    suites=("quick", "standard", "large"),
)
def expression_search(brief: DecompileBrief, *, programs: Annotated[int, Log(50_000, 400_000)] = 150_000) -> Program:
    """Enumerate expressions in order of cost, one for each behaviour, until one answers as the network does."""
    from fairfight.tasks.decompile._portfolio import expression

    return expression(brief, programs)
