"""A decision tree over the last inputs and its own last answers, or over what describes a position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline(
    "decompile",
    source="Breiman et al. 1984; Leontaritis & Billings 1985",
    modalities=("sequences", "transformers", "vision"),
)
def decision_tree(brief: DecompileBrief, *, longest: Annotated[int, Log(2, 8)] = 4) -> Any:
    """Fit trees that look back differently far, and keep the best on held-out inputs; one tree for a transformer."""
    from fairfight.tasks.decompile._portfolio import tree

    return tree(brief, longest)
