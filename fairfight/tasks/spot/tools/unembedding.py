"""Tokens whose rows of the unembedding look like those of tokens that are never said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, tool

if TYPE_CHECKING:
    from fairfight.tasks.spot.brief import Named, SpotBrief


@tool("spot", source="Land & Bartolo 2024 (Fishing for Magikarp)", modalities=("language",))
def unembedding(
    brief: SpotBrief,
    *,
    tokens: Annotated[int, Log(20, 100)] = 64,
    texts: Annotated[int, Uniform(1, 3)] = 3,
) -> list[Named]:
    """Rank words by how much they are like special tokens that occur in no prompt; the first are asked for."""
    import torch

    from fairfight.parts.outliers.corrupting import special_ids
    from fairfight.parts.vocabulary.embeddings import unspoken
    from fairfight.subject.inputs import Texts
    from fairfight.tasks.spot._testing import tested

    texts_given = brief.clean.inputs
    assert isinstance(texts_given, Texts)
    special = special_ids(brief.subject.tokenizer)
    unused = special[~torch.isin(special, texts_given.ids[texts_given.mask.bool()])]
    return tested(brief, unspoken(brief.subject, unused)[brief.words], tokens=tokens, texts=texts)
