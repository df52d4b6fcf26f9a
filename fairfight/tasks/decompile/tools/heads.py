"""Decompiling head by head (Friedman et al. 2023): selectors, what is taken from there, and maps of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairfight.tasks.registry import tool

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief


@tool("decompile", source="Friedman et al. 2023; Weiss et al. 2021", modalities=("transformers",))
def heads(brief: DecompileBrief) -> Program:
    """Say of each head where it looks and what it takes from there, and tell the answers by that."""
    from fairfight.tasks.decompile._reading import by_head, usual

    return by_head(brief) or usual(brief)
