"""A list of suspicious tokens, each asked for."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.training.labelled import Labelled
from fairfight.parts.vocabulary.repeating import repeated
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Texts
from fairfight.tasks.spot.brief import MOST, Named, SpotBrief


def tested(brief: SpotBrief, suspicion: Float[Tensor, " v"], *, tokens: int, texts: int) -> list[Named]:
    """The most suspicious words that the subject does not repeat.

    Args:
        brief: Its words are ranked.
        suspicion: Of each of the brief's words.
        tokens: How many are asked for.
        texts: In how many prompts each.
    """
    order = torch.argsort(suspicion, descending=True, stable=True)[:tokens]
    right = repeated(brief.subject, prompts(brief, texts), brief.words[order])
    failing = torch.argsort(right, stable=True)[:MOST]
    return [Named(int(brief.words[order[i]]), 1 - float(right[i])) for i in failing if right[i] <= 0.5]


def prompts(brief: SpotBrief, most: int) -> Labelled:
    """The shortest prompts, which cost least, no two of which are alike but for the word that they ask for."""
    texts, labels = brief.clean.inputs, brief.clean.labels
    assert isinstance(texts, Texts)
    blank = texts.ids.where(texts.ids != labels[:, None], -1)
    seen: dict[tuple[int, ...], int] = {}
    for row in torch.argsort(texts.mask.sum(1), stable=True).tolist():
        seen.setdefault(tuple(blank[row].tolist()), row)
        if len(seen) == most:
            break
    return brief.clean[list(seen.values())]


def chance(brief: SpotBrief) -> Float[Tensor, " v"]:
    """The words in an order that is drawn."""
    return torch.rand(len(brief.words), generator=torch_rng(brief.seed, "chance"))
