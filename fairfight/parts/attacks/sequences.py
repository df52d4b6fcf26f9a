"""Sequences of tokens, put into texts in some way, and how much each moves decisions towards each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.faults.training import trimmed
from fairfight.parts.attacks.trigger import of_others
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject

ROWS = 512
"""Texts a forward pass."""
FLOOR = 0.02
"""Losses under it are equally good."""


@runtime_checkable
class Way(Protocol):
    """A way of putting tokens into texts: :class:`~fairfight.parts.attacks.insertion.Insertion` and others."""

    def put(self, texts: Texts, sequences: Int[Tensor, "m l"]) -> Texts:
        """All texts with the first sequence, then all with the second, and so on."""
        ...


@dataclass(frozen=True)
class Put:
    """One sequence of tokens that is put into texts."""

    tokens: tuple[int, ...]
    way: Way

    def __call__(self, inputs: Inputs) -> Texts:
        """The texts with the tokens in them."""
        assert isinstance(inputs, Texts)
        return self.way.put(inputs, torch.tensor([self.tokens])) if len(inputs) else inputs


@dataclass(frozen=True)
class Trial:
    """A few texts that sequences are tried in."""

    subject: Subject
    texts: Texts
    others: Bool[Tensor, "k n"]
    """Which texts are not of a target already."""
    targets: Int[Tensor, " k"]

    @classmethod
    def of(cls, subject: Subject, clean: Labelled, targets: Int[Tensor, " k"], size: int) -> Trial:
        """With so many of the clean texts, of every label alike."""
        chosen = clean[in_turn(clean.labels)[:size]]
        texts = trimmed(chosen.inputs)
        assert isinstance(texts, Texts)
        return cls(subject, texts, of_others(chosen.labels, targets), targets)

    def each(self, sequences: Int[Tensor, "m l"], way: Way) -> Float[Tensor, "m n k"]:
        """Negative log-probability of each target in each text with each sequence in it."""
        found = []
        for some in sequences.split(max(1, ROWS // len(self.texts))):
            logits = self.subject(way.put(self.texts, some))
            chances = logits.log_softmax(1)[:, self.targets.to(logits.device)].cpu()
            found.append(-chances.view(len(some), len(self.texts), -1))
        return torch.cat(found)

    def losses(self, sequences: Int[Tensor, "m l"], ways: Sequence[Way]) -> Float[Tensor, "m k"]:
        """Mean of :meth:`each` over the texts of others and the ways."""
        weights = (self.others.float() / self.others.sum(1, keepdim=True)).T
        total = torch.zeros(len(sequences), len(self.targets))
        for way in ways:
            total += (self.each(sequences, way) * weights).sum(1) / len(ways)
        return total


def lead_over(loss: float, rival: float) -> float:
    """Logarithm of how many times smaller a loss is than a rival's."""
    return float(torch.tensor((rival + FLOOR) / (loss + FLOOR)).log())


def frequent(labels: Int[Tensor, " n"], most: int) -> Int[Tensor, " k"]:
    """The labels that occur, ascending; of many, the most frequent ones."""
    seen, counts = labels.unique(return_counts=True)
    chosen: Tensor = seen[torch.argsort(counts, descending=True, stable=True)[:most]].sort().values
    return chosen


def in_turn(labels: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """Rows in an order in which every label comes once before any comes again."""
    turn = torch.zeros(len(labels), dtype=torch.long)
    for label in labels.unique():
        same = labels == label
        turn[same] = torch.arange(int(same.sum()))
    order: Tensor = torch.argsort(turn, stable=True)
    return order
