"""All ways to fit inputs and outputs together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline("decompile", source="system identification and enumeration, the best of both", modalities=("sequences",))
def black_box(
    brief: DecompileBrief,
    *,
    programs: Annotated[int, Log(50_000, 400_000)] = 150_000,
    longest: Annotated[int, Log(2, 8)] = 4,
) -> Any:
    """Fit a linear recurrence, a state machine and a tree, and hand in what agrees most on longer inputs."""
    from fairfight.tasks.decompile._portfolio import portfolio

    return portfolio(brief, programs=programs, longest=longest)
