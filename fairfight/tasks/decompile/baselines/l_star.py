"""L*: an automaton from queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline("decompile", source="Angluin 1987 (L*)", modalities=("sequences", "transformers"))
def l_star(brief: DecompileBrief, *, queries: Annotated[int, Log(500, 8000)] = 3000) -> Program:
    """Ask the network about sequences until an automaton answers as it does; the last one where there is no end."""
    from fairfight.tasks.decompile._portfolio import automaton

    return automaton(brief, queries)
