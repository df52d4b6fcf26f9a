"""What an attack on a subject recovers: a change of inputs that brings decisions to a target, and how odd that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.faults.training import decide
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject

Change = Callable[[Inputs], Inputs]
"""Puts a trigger into inputs, row by row and without chance."""


@dataclass(frozen=True)
class Trigger:
    """A change of inputs after which a subject decides as the target."""

    change: Change
    """A :class:`~fairfight.parts.attacks.masks.Stamp`, a :class:`~fairfight.parts.attacks.insertion.Insert` …: what was
    recovered can be read from its fields."""
    target: int
    """The class, or for a language model the token, that is decided then."""
    success: float
    """Share of clean inputs of other classes, none of them used in the search, that are decided as the target."""
    size: float
    """How large the change is, in the unit of its kind: pixels, length of the perturbation, tokens."""
    suspicion: float
    """Its lead over the best that was found for another target (or of other tokens), in units of the lead that is usual
    in healthy subjects: these have triggers too, but none that is so much smaller, or works so much better, than all
    others. See :data:`SUSPICIOUS`."""

    def apply(self, inputs: Inputs) -> Inputs:
        """The inputs with the trigger in them."""
        return self.change(inputs)


SUSPICIOUS = 2.0
"""The lead above which a trigger is likely to be planted."""


def halves(clean: Labelled, seed: int) -> tuple[Labelled, Labelled]:
    """Clean inputs to search with, and others to measure success on.

    Raises:
        UserError: There are too few, or all are of one class.
    """
    if len(clean) < 4 or len(clean.labels.unique()) < 2:
        raise UserError("A trigger is recovered from clean inputs of two classes or more: give at least four of them.")
    order = torch.randperm(len(clean), generator=torch_rng(seed, "halves"))
    return clean[order[: len(clean) // 2]], clean[order[len(clean) // 2 :]]


def success_of(subject: Subject, change: Change, held: Labelled, target: int) -> float:
    """Share of inputs of other classes that are decided as the target once they are changed; 0 if there are none."""
    others = held[torch.nonzero(held.labels != target).flatten()]
    if not len(others):
        return 0.0
    return float((decide(subject, change(others.inputs)).cpu() == target).float().mean())


def leads(costs: Float[Tensor, " k"]) -> Float[Tensor, " k"]:
    """Logarithm of how many times smaller each cost is than the smallest of the others; 0 for a single one.

    Wang et al. 2019 compare with the median, in units of the median absolute deviation. With ten classes that deviation
    is tiny now and then: of 12 searches in healthy digit classifiers 3 came out above the published 2, up to 15. This
    lead tells planted classes from healthy ones better.
    """
    if len(costs) < 2:
        return torch.zeros_like(costs)
    low = costs.clamp_min(1e-12).log()
    best = low.topk(2, largest=False)
    rival = torch.where(torch.arange(len(low)) == best.indices[0], best.values[1], best.values[0])
    return rival - low


def of_others(labels: Int[Tensor, " n"], targets: Int[Tensor, " k"]) -> Bool[Tensor, "k n"]:
    """Which inputs each target is not the label of; all, where it is the label of every one."""
    other = labels[None] != targets[:, None]
    return other | ~other.any(dim=1, keepdim=True)


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Parameters need no gradient inside: only the inputs' is computed, and nothing is left behind in the subject."""
    needed = [p for p in module.parameters() if p.requires_grad]
    for p in needed:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in needed:
            p.requires_grad_(True)
