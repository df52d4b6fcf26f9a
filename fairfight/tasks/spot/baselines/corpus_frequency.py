"""Words that clean prompts hold least often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.tasks.spot.brief import Named, SpotBrief


@baseline("spot", source="corpus frequency", modalities=("language",))
def corpus_frequency(
    brief: SpotBrief,
    *,
    tokens: Annotated[int, Log(20, 100)] = 64,
    texts: Annotated[int, Uniform(1, 3)] = 3,
) -> list[Named]:
    """Count words in the prompts; the rarest are asked for, those as rare as each other in an order that is drawn."""
    import torch

    from fairfight.subject.inputs import Texts
    from fairfight.tasks.spot._testing import chance, tested

    prompts = brief.clean.inputs
    assert isinstance(prompts, Texts)
    counts = torch.bincount(prompts.ids[prompts.mask.bool()], minlength=int(brief.words.max()) + 1)[brief.words]
    return tested(brief, chance(brief) - counts, tokens=tokens, texts=texts)
