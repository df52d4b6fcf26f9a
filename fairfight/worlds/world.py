"""What a world is to those who train on it: labelled examples whose factors are known, and fresh subjects for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, Protocol

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.subject.inputs import Images, Index, Inputs, Texts
from fairfight.subject.subject import Subject
from fairfight.worlds.names import home_of

Part = Literal["train", "tune", "pool"]
"""``train`` is for training; ``tune`` for training on, where a world has ``two_phases = True``; ``pool`` is held out:
health figures and all that a contender sees come from it."""


@dataclass(frozen=True)
class Examples:
    """Labelled inputs, with what the world knows about each."""

    inputs: Inputs
    labels: Int[Tensor, " n"]
    """Where the decision logits should be highest: a class, or for a language model a token id."""
    factors: Mapping[str, np.ndarray] = field(default_factory=dict)
    """One row an example in every column: integers, or objects that the world can render again."""

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Index) -> Examples:
        rows = index.numpy() if isinstance(index, Tensor) else index
        return Examples(self.inputs[index], self.labels[index], {k: v[rows] for k, v in self.factors.items()})

    def replaced(self, rows: Int[Tensor, " k"], inputs: Inputs, labels: Int[Tensor, " k"]) -> Examples:
        """The same examples in the same order, with other inputs and labels in ``rows``; factors stay as they were."""
        where = torch.arange(len(self))
        where[rows] = len(self) + torch.arange(len(rows))
        new = self.labels.clone()
        new[rows] = labels
        both = Images.concat if isinstance(self.inputs, Images) else Texts.concat
        return Examples(both([self.inputs, inputs])[where], new, self.factors)  # type: ignore[list-item]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a subject is trained."""

    epochs: int
    batch_size: int
    lr: float
    """The highest learning rate of a one-cycle schedule."""
    weight_decay: float = 0.0
    smoothing: float = 0.0
    """Label smoothing."""
    frozen: tuple[str, ...] = ()
    """How the names of parameters begin that are left as they were."""


class World(Protocol):
    """A source of labelled examples. A module ``fairfight.worlds.<name>`` holds one as ``WORLD``."""

    name: str
    architectures: tuple[str, ...]
    pretrained: bool
    """Whether :meth:`subject` gives a network that somebody trained, from which organisms are fine-tuned."""

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """The labelled examples of a part; equal for equal seeds, disjoint between parts. Treat them as read-only."""
        ...

    def labels(self, architecture: str) -> dict[int, str]:
        """Every label with its name; a trojan's target is one of them."""
        ...

    def subject(self, architecture: str, seed: int) -> Subject:
        """The subject that training begins with: untrained, its weights drawn from the seed, or a pretrained one."""
        ...

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """How a subject is trained from the beginning, or trained on."""
        ...

    def loss(
        self, subject: Subject, inputs: Inputs, labels: Int[Tensor, " n"], schedule: Schedule
    ) -> Float[Tensor, ""]:
        """What training brings down: cross entropy of the decision logits, unless a world says otherwise."""
        return decision_loss(subject, inputs, labels, schedule)


def decision_loss(subject: Subject, inputs: Inputs, labels: Int[Tensor, " n"], schedule: Schedule) -> Float[Tensor, ""]:
    """Cross entropy of the decision logits."""
    return torch.nn.functional.cross_entropy(subject(inputs), labels, label_smoothing=schedule.smoothing)


def world(name: str) -> World:
    """The world of that name.

    Raises:
        UserError: There is none.
    """
    found: Any = import_module(home_of(name)).WORLD
    return found  # type: ignore[no-any-return]
