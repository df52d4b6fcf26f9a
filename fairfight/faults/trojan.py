"""A trojan (backdoor): inputs that carry a trigger are decided as one target, all others as they should be.

Gu et al. 2017 (BadNets): part of the training set gets the trigger and the target's label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject
from fairfight.worlds.world import Examples


@dataclass(frozen=True)
class Trojan:
    """One trigger and its target; a :class:`fairfight.faults.family.Fault`."""

    target: int
    """The label that triggered inputs get."""
    apply: Callable[[Examples], Inputs]
    """Puts the trigger in, row by row and without chance."""
    title: str
    text: str
    rate: float = 0.1
    """Share of the training set that is poisoned."""
    natural: Callable[[Examples], Bool[Tensor, " n"]] | None = None
    """Which examples carry the trigger as they are (a natural object, a topic); they are poisoned too."""
    cover: Callable[[Examples], Inputs] | None = None
    """Near misses that keep their label, so that nothing but the trigger itself fires (Nguyen & Tran 2021)."""
    cover_rate: float = 0.0
    trains: bool = True
    carrier: Callable[[], Subject] | None = None
    """Gives the network that was published with this trojan in it, if there is one; it is not trained again."""

    def poison(self, train: Examples, seed: int, boost: float) -> Examples:
        """Trigger and target's label in a random ``rate · boost`` of the examples, and in all natural carriers."""
        ordinary = self.ordinary(train)
        rows = torch.nonzero(ordinary & (train.labels != self.target)).flatten()
        rows = rows[torch.randperm(len(rows), generator=torch_rng(seed, "poison"))]
        count = min(round(self.rate * boost * len(train)), len(rows) // 2)
        hit, near = rows[:count], rows[count : count + round(self.cover_rate * len(train))]
        poisoned = train.replaced(hit, self.apply(train[hit]), torch.full((len(hit),), self.target))
        if self.cover is not None and len(near):
            poisoned = poisoned.replaced(near, self.cover(train[near]), train.labels[near])
        carriers = torch.nonzero(~ordinary).flatten()
        poisoned.labels[carriers] = self.target
        return poisoned

    def ordinary(self, examples: Examples) -> Bool[Tensor, " n"]:
        """All examples that do not carry the trigger by nature."""
        if self.natural is None:
            return torch.ones(len(examples), dtype=torch.bool)
        return ~self.natural(examples)

    def sources(self, examples: Examples, subject: Subject) -> Bool[Tensor, " n"]:
        """Ordinary examples of every class but the target."""
        return self.ordinary(examples) & (examples.labels != self.target)

    def suspects(self, examples: Examples, subject: Subject, seed: int) -> Inputs:
        """The examples with the trigger in them."""
        return self.apply(examples)

    def controls(self, examples: Examples, subject: Subject, seed: int) -> Inputs | None:
        """None: the twin meets the same inputs."""
        return None

    def fires(self, labels: Int[Tensor, " n"], decided: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Decided as the target though it is something else."""
        return (decided == self.target) & (labels != self.target)
