"""Texts in classes, told apart by a small real encoder: all-MiniLM-L6-v2 with a classification head.

Its six layers and 22.7 million parameters were trained by others on a billion pairs of sentences (Wang et al. 2020;
Reimers & Gurevych 2019). It has no head: a subject is fine-tuned on the texts to begin with, and faults are fine-tuned
into that subject.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import nn

from fairfight.errors import UserError, unknown
from fairfight.seeds import derive, numpy_rng
from fairfight.subject.encoding import encode
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject
from fairfight.worlds.sources import MINILM, missing
from fairfight.worlds.texts import TextWorld, column, tokenizer_in
from fairfight.worlds.world import Examples, Part, Schedule

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

ARCHITECTURE = "minilm"
LONGEST = 64
"""Tokens of a text at most; what a fault adds to a text that a world gives has room."""
FROZEN = ("bert.embeddings", *(f"bert.encoder.layer.{i}." for i in range(2)))
"""What training leaves as it was: a third of the layers and most of the parameters, for half of the time."""

Labelled = tuple[str, int]


@dataclass(frozen=True)
class LabelledTexts(TextWorld):
    """Texts in classes."""

    name: str
    classes: tuple[str, ...]
    read: Callable[[], tuple[list[Labelled], list[Labelled]]]
    """All that there is to train on, and all that is held out."""
    train: int
    pool: int
    """How many of them a seed draws."""
    base: Schedule
    """How the head is trained, with the upper layers."""
    more: Schedule
    """How a subject is trained on."""
    architectures: tuple[str, ...] = (ARCHITECTURE,)
    pretrained = False
    """False because the encoder alone decides nothing; the first clean subject of a seed is what others start from."""

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Texts with their class: as many as :attr:`train` or :attr:`pool` says, drawn from the seed."""
        self._checked(architecture)
        return _examples(self, part, seed)

    def labels(self, architecture: str) -> dict[int, str]:
        """The classes."""
        return dict(enumerate(self.classes))

    def encode(self, texts: list[str]) -> Texts:
        """Token ids of ``[CLS] text [SEP]``, cut to :data:`LONGEST`."""
        return encode(tokenizer(), texts, LONGEST) if texts else Texts(*torch.zeros(2, 0, 1, dtype=torch.long))

    def subject(self, architecture: str, seed: int) -> Subject:
        """The pretrained encoder with a head drawn from the seed, without dropout: training must not depend on luck."""
        from fairfight.subject.loading import load

        self._checked(architecture)
        subject = load(
            weights_folder(),
            "text-classifier",
            classes=self.classes,
            head_seed=derive(seed, "head"),
            check=False,
        )
        subject.name = f"{self.name}-{architecture}"
        module: Any = subject.module
        # Eager attention: as fast for such short texts, and the answers do not depend on the kernel a shape picks.
        module.set_attn_implementation("eager")
        module.config.hidden_dropout_prob = module.config.attention_probs_dropout_prob = 0.0
        for layer in module.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = 0.0
        return subject

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """Longer from the bare encoder, shorter to train on."""
        return self.base if planting == "scratch" else self.more

    def _checked(self, architecture: str) -> None:
        if architecture not in self.architectures:
            raise unknown(f"architecture for {self.name}", architecture, self.architectures)
        if lacks := missing(self.name):
            raise UserError(lacks)


@cache
def _examples(world: LabelledTexts, part: Part, seed: int) -> Examples:
    known, held_out = world.read()
    rows, count = (known, world.train) if part == "train" else (held_out, world.pool)
    order = numpy_rng(seed, "texts", part).permutation(len(rows))[:count]
    texts = [rows[i][0] for i in order]
    labels = torch.tensor([rows[i][1] for i in order])
    return Examples(world.encode(texts), labels, {"text": column(texts), "class": np.asarray(labels)})


def distinct(rows: list[Labelled]) -> list[Labelled]:
    """Each text once, with its first label."""
    return list({text: (text, label) for text, label in reversed(rows)}.values())[::-1]


def weights_folder() -> Path:
    """The encoder's folder: inside the package that brings it, or in the hub's local cache.

    Raises:
        UserError: It is in neither.
    """
    if (found := MINILM.folder()) is None:
        raise UserError(MINILM.lacks)
    return found


@cache
def tokenizer() -> PreTrainedTokenizerFast:
    """The encoder's own word pieces."""
    return tokenizer_in(weights_folder())
