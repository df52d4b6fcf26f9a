"""Outliers of whatever kind of input there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.parts.outliers.images import corrupt_images
from fairfight.parts.outliers.texts import corrupt_texts
from fairfight.subject.inputs import Images, Inputs, Texts
from fairfight.subject.subject import Subject

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def special_ids(tokenizer: PreTrainedTokenizerFast | None) -> Int[Tensor, " s"]:
    """Token ids that frame a text and mean nothing themselves; none without a tokenizer."""
    return torch.tensor(sorted(tokenizer.all_special_ids if tokenizer is not None else ()), dtype=torch.long)


def corrupted(subject: Subject, inputs: Inputs, copies: int, rng: torch.Generator) -> Inputs:
    """``copies`` times the inputs, each copy corrupted in another way.

    Args:
        subject: Says which tokens there are; it is not run.
        inputs: At least one.
        copies: How many outliers are made of each.
        rng: Draws all of it.
    """
    many = inputs[torch.arange(len(inputs)).repeat(copies)]
    if isinstance(many, Images):
        return corrupt_images(many, rng)
    return corrupt_texts(many, special_ids(subject.tokenizer), _vocabulary(subject, many), rng)


def _vocabulary(subject: Subject, texts: Texts) -> int:
    if subject.tokenizer is not None:
        return len(subject.tokenizer)
    return int(texts.ids.max()) + 1
