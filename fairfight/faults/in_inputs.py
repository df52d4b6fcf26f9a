"""What faults have in common that are in the inputs and not in the subject."""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from fairfight.worlds.world import Examples


class InInputs:
    """The part of a :class:`fairfight.faults.family.Fault` that leaves the subject clean."""

    trains = False

    def poison(self, train: Examples, seed: int, boost: float) -> Examples:
        """Nothing is poisoned."""
        return train

    def ordinary(self, examples: Examples) -> Bool[Tensor, " n"]:
        """All of them."""
        return torch.ones(len(examples), dtype=torch.bool)
