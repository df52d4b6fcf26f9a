"""Tokens whose embeddings lie oddly near the middle of all, or oddly far out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@tool(
    "discover",
    source="Rumbelow & Watkins 2023 (SolidGoldMagikarp)",
    modalities=("language",),
    suites=("quick", "standard", "large"),
)
def glitch_geometry(
    brief: DiscoverBrief,
    *,
    tokens: Annotated[int, Log(8, 128)] = 48,
    texts: Annotated[int, Uniform(6, 24)] = 12,
) -> list[Candidate]:
    """Rank the vocabulary by the distance of embeddings to their middle; both ends are tried in clean texts."""
    from fairfight.parts.attacks.shortlist import tried
    from fairfight.parts.vocabulary.embeddings import allowed, strangeness
    from fairfight.tasks.discover._claims import claimed

    every = allowed(brief.subject)
    ends = strangeness(brief.subject)[every].topk(min(max(2, tokens // 2), len(every)), dim=0).indices
    some = every[ends.flatten().unique()]
    return claimed(tried(brief.subject, brief.clean, some, seed=brief.seed, texts=texts))
