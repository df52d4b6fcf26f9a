"""Fourier analysis of a network's tokens (Nanda et al. 2023): sums modulo a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairfight.tasks.registry import tool

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief


@tool("decompile", source="Nanda et al. 2023", modalities=("transformers",))
def fourier(brief: DecompileBrief) -> Program:
    """Find the circles that tokens lie on, and by how much a step of each input turns the answers on them."""
    from fairfight.tasks.decompile._reading import by_circles, usual

    return by_circles(brief) or usual(brief)
