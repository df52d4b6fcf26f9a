"""A program that is read, or else one that is searched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, combination

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief


@combination(
    "decompile",
    source="Michaud et al. 2024, with enumeration",
    modalities=("sequences", "transformers", "vision"),
    suites=("quick", "standard", "large"),
)
def read_or_search(brief: DecompileBrief, *, programs: Annotated[int, Log(50_000, 400_000)] = 150_000) -> Program:
    """Read the program as ``reader`` does; where it tells nothing, search for a machine, or for an expression."""
    from fairfight.tasks.decompile._pictures import read_or_searched, sees_pictures
    from fairfight.tasks.decompile._portfolio import expression, machine
    from fairfight.tasks.decompile._reading import inside

    if sees_pictures(brief):
        return read_or_searched(brief, programs)
    return inside(brief) or (machine if brief.stepwise else expression)(brief, programs)
