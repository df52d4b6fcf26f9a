"""Which worlds are made of text: cheap, without importing any."""

from __future__ import annotations

from typing import Literal

TEXT = frozenset({"sentences", "bios", "chat", "echo", "sst2", "ag-news", "stories", "preferences"})


def modality(world: str) -> Literal["vision", "language"]:
    """What a world's inputs are."""
    return "language" if world in TEXT else "vision"
