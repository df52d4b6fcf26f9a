"""The nearest known positions or inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.parts.programs.fits.neighbours import Neighbours
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline("decompile", source="Fix & Hodges 1951", modalities=("sequences", "transformers", "vision"))
def k_nn(brief: DecompileBrief, *, k: Annotated[int, Log(1, 15)] = 3) -> Neighbours:
    """Answer as most of the nearest known positions, or inputs, were answered: a surrogate that explains nothing."""
    from fairfight.tasks.decompile._portfolio import neighbours

    return neighbours(brief, k)
