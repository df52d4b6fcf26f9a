"""All ways to fit inputs and outputs together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline(
    "decompile",
    source="Ljung 1999; Angluin 1987; Breiman et al. 1984",
    modalities=("sequences", "transformers", "vision"),
)
def black_box(
    brief: DecompileBrief,
    *,
    programs: Annotated[int, Log(50_000, 400_000)] = 150_000,
    longest: Annotated[int, Log(2, 8)] = 4,
    queries: Annotated[int, Log(500, 8000)] = 3000,
) -> Any:
    """Fit state machines, a tree, and a linear recurrence or expressions; hand in what agrees most on other inputs."""
    from fairfight.tasks.decompile._portfolio import portfolio

    return portfolio(brief, programs=programs, longest=longest, queries=queries)
