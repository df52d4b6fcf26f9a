"""Tokens whose embeddings lie oddly near the middle of all, or oddly far out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, tool

if TYPE_CHECKING:
    from fairfight.tasks.spot.brief import Named, SpotBrief


@tool("spot", source="Rumbelow & Watkins 2023 (SolidGoldMagikarp)", modalities=("language",))
def embedding_geometry(
    brief: SpotBrief,
    *,
    side: Annotated[str, Choice("near", "far", "both")] = "near",
    tokens: Annotated[int, Log(20, 100)] = 64,
    texts: Annotated[int, Uniform(1, 3)] = 3,
) -> list[Named]:
    """Rank words by the distance of their embeddings to the middle of all; the first are asked for."""
    from fairfight.parts.vocabulary.embeddings import strangeness
    from fairfight.tasks.spot._testing import tested

    near, far = strangeness(brief.subject)[brief.words].T
    odd = {"near": near, "far": far, "both": near.maximum(far)}[side]
    return tested(brief, odd, tokens=tokens, texts=texts)
