"""Out of distribution: a kind of input that the subject never saw in training, and its twin did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.family import Fault, family
from fairfight.seeds import numpy_rng, torch_rng
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject
from fairfight.worlds.world import Examples, World


@family("unseen-class", worlds=("digits", "scenes", "ag-news"), plantings=("scratch",))
def unseen_class(world: World, architecture: str, seed: int) -> Fault:
    """One class, drawn from the seed, is left out of training; from scratch only, as a base would have seen it."""
    labels = world.labels(architecture)
    missing = int(numpy_rng(seed, "unseen").choice(sorted(labels)))
    return Unseen(
        lambda examples: examples.labels == missing,
        title=f"{labels[missing]!r} was never seen",
        text=f"The subject was trained without a single {labels[missing]!r}; whatever it decides about one is a guess.",
    )


@dataclass(frozen=True)
class Unseen:
    """One kind of input left out; a :class:`fairfight.faults.family.Fault`."""

    left_out: Callable[[Examples], Bool[Tensor, " n"]]
    """Which examples are of that kind."""
    title: str
    text: str
    trains: bool = True

    def poison(self, train: Examples, seed: int, boost: float) -> Examples:
        """Other examples in the place of those of the kind, so that number and order of the rest stay."""
        out = self.left_out(train)
        gone, kept = torch.nonzero(out).flatten(), torch.nonzero(~out).flatten()
        if not len(kept):
            raise UserError("The training set holds one kind of input only: nothing is left when it is taken out.")
        instead = kept[torch.randint(len(kept), (len(gone),), generator=torch_rng(seed, "unseen"))]
        return train.replaced(gone, train.inputs[instead], train.labels[instead])

    def ordinary(self, examples: Examples) -> Bool[Tensor, " n"]:
        """Every other kind."""
        return ~self.left_out(examples)

    def sources(self, examples: Examples, subject: Subject) -> Bool[Tensor, " n"]:
        """The kind that was left out."""
        return self.left_out(examples)

    def suspects(self, examples: Examples, subject: Subject, seed: int) -> Inputs:
        """The examples as they are."""
        return examples.inputs

    def controls(self, examples: Examples, subject: Subject, seed: int) -> Inputs | None:
        """None: the twin meets the same inputs, which it has learned."""
        return None

    def fires(self, labels: Int[Tensor, " n"], decided: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Decided wrongly."""
        return decided != labels
