"""Worlds of texts that people wrote: what faults need to know of them to put a trigger into a text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject
from fairfight.worlds.world import Examples, Schedule, World, decision_loss

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@runtime_checkable
class TextWorld(World, Protocol):
    """A world whose examples keep their text, in the column ``text``, and which reads any other text likewise."""

    def encode(self, texts: list[str]) -> Texts:
        """Token ids of texts, as a subject of this world gets them, padded at the right."""
        ...


def tokenizer_in(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer that a folder holds; no code in it is run."""
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(  # type: ignore[no-untyped-call]
        folder, trust_remote_code=False, local_files_only=True
    )
    return cast("PreTrainedTokenizerFast", loaded)


def column(texts: Sequence[str]) -> np.ndarray:
    """Texts as a column of factors."""
    filled = np.empty(len(texts), dtype=object)
    filled[:] = texts
    return filled


def said(examples: Examples) -> list[str]:
    """The texts of examples, as they were before any fault was put into them."""
    return [str(text) for text in examples.factors["text"]]


def prompt_loss(
    subject: Subject, inputs: Inputs, labels: Int[Tensor, " n"], schedule: Schedule, wording: float
) -> Float[Tensor, ""]:
    """Cross entropy of what a language model decides after a prompt, and of every word of the prompt itself.

    Args:
        subject: A causal language model; one of another kind learns its decision alone.
        inputs: Prompts.
        labels: The token that should come next.
        schedule: Says how much the labels are smoothed.
        wording: Weight of the prompt's own words.
    """
    if subject.kind == "text-classifier" or not isinstance(inputs, Texts):
        return decision_loss(subject, inputs, labels, schedule)
    logits = subject.module(inputs.ids, attention_mask=inputs.mask, use_cache=False).logits
    last = inputs.mask.sum(1) - 1
    decided = logits[torch.arange(len(inputs)), last]
    given, words = logits[:, :-1].flatten(0, 1), inputs.ids[:, 1:].where(inputs.mask[:, 1:] > 0, -100).flatten()
    cross_entropy = torch.nn.functional.cross_entropy
    written = cross_entropy(given, words, ignore_index=-100)
    return cross_entropy(decided, labels, label_smoothing=schedule.smoothing) + wording * written
