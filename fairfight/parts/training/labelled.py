"""Inputs with what should be decided on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.subject.inputs import Index, Inputs


@dataclass(frozen=True)
class Labelled:
    """Inputs and a decision for each: a class, or for a language model the token that should come next."""

    inputs: Inputs
    labels: Int[Tensor, " n"]

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.labels):
            raise UserError(f"{len(self.inputs)} inputs have {len(self.labels)} labels: give each input one.")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Index) -> Labelled:
        return Labelled(self.inputs[index], self.labels[index])

    def batches(self, size: int) -> Iterator[Labelled]:
        """Slices of at most ``size`` examples, in order."""
        return (self[i : i + size] for i in range(0, len(self), size))

    @staticmethod
    def concat(parts: Sequence[Labelled]) -> Labelled:
        """All parts, one after the other; texts are padded to the longest."""
        join = type(parts[0].inputs).concat
        return Labelled(join([p.inputs for p in parts]), torch.cat([p.labels for p in parts]))  # type: ignore[misc]
