"""One weighed sum and its limits, from inputs and answers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline(
    "decompile",
    source="Li 1991; Cook & Weisberg 1991",
    modalities=("vision",),
    suites=("quick", "standard", "large"),
)
def linear_rule(brief: DecompileBrief, *, queries: Annotated[int, Log(500, 8000)] = 3000) -> Program:
    """Find the direction along which yes and no differ in mean or in spread, and the best limits on it."""
    from fairfight.tasks.decompile._pictures import linear_rule as fit

    return fit(brief, queries)
