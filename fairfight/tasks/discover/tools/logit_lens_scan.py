"""Tokens whose embeddings point at a target, read through the logit lens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@tool(
    "discover",
    source="nostalgebraist 2020 (logit lens)",
    modalities=("language",),
    suites=("quick", "standard", "large"),
)
def logit_lens_scan(
    brief: DiscoverBrief,
    *,
    tokens: Annotated[int, Log(8, 96)] = 32,
    texts: Annotated[int, Uniform(6, 24)] = 12,
) -> list[Candidate]:
    """Put every token's embedding through the lens; those that point at a target most are tried in clean texts."""
    import torch

    from fairfight.parts.attacks.sequences import frequent
    from fairfight.parts.attacks.shortlist import TARGETS, tried
    from fairfight.parts.vocabulary.embeddings import allowed, pointing
    from fairfight.tasks.discover._claims import claimed

    targets = frequent(brief.clean.labels, TARGETS)
    every = allowed(brief.subject)
    points = pointing(brief.subject, targets)[every]
    some = points.topk(min(max(2, tokens // len(targets)), len(every)), dim=0).indices.flatten().unique()
    assert isinstance(some, torch.Tensor)
    return claimed(tried(brief.subject, brief.clean, every[some], seed=brief.seed, texts=texts))
