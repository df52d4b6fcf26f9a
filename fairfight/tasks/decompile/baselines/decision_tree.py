"""A decision tree that sees the last inputs and its own last answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.parts.identification.trees import RecurrentTree
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline("decompile", source="Breiman et al. 1984; Leontaritis & Billings 1985", modalities=("sequences",))
def decision_tree(brief: DecompileBrief, *, longest: Annotated[int, Log(2, 8)] = 4) -> RecurrentTree:
    """Fit trees that look back differently far, and hand in the one that does best on held-out inputs."""
    from fairfight.parts.identification.trees import recurrent_tree

    return recurrent_tree(brief.values, brief.answers, seed=brief.seed, longest=longest)
