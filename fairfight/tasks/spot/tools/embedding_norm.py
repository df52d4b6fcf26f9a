"""Tokens with short embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, tool

if TYPE_CHECKING:
    from fairfight.tasks.spot.brief import Named, SpotBrief


@tool("spot", source="Rumbelow & Watkins 2023; Land & Bartolo 2024 (embedding norm)", modalities=("language",))
def embedding_norm(
    brief: SpotBrief,
    *,
    tokens: Annotated[int, Log(20, 100)] = 64,
    texts: Annotated[int, Uniform(1, 3)] = 3,
) -> list[Named]:
    """Rank words by the length of their embeddings; the shortest are asked for."""
    from fairfight.parts.vocabulary.embeddings import smallness
    from fairfight.tasks.spot._testing import tested

    return tested(brief, smallness(brief.subject)[brief.words], tokens=tokens, texts=texts)
