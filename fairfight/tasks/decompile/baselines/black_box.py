"""All ways to fit inputs and outputs together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline("decompile", source="Ljung 1999; Angluin 1987; Breiman et al. 1984", modalities=("sequences",))
def black_box(
    brief: DecompileBrief,
    *,
    programs: Annotated[int, Log(50_000, 400_000)] = 150_000,
    longest: Annotated[int, Log(2, 8)] = 4,
    queries: Annotated[int, Log(500, 8000)] = 3000,
) -> Any:
    """Fit a linear recurrence, state machines and a tree; hand in what agrees most on longer inputs."""
    from fairfight.tasks.decompile._portfolio import portfolio

    return portfolio(brief, programs=programs, longest=longest, queries=queries)
