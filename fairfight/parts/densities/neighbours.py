"""Distance to the k-th nearest trusted neighbour (Sun et al. 2022, arXiv:2204.06507)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Neighbours:
    """Trusted vectors, scaled to unit length."""

    bank: Float[Tensor, "m d"]
    k: int

    def distance(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Cosine distance to the ``k``-th nearest vector of the bank (the farthest, if it holds fewer)."""
        likeness = torch.nn.functional.normalize(x, dim=1) @ self.bank.T
        k = min(self.k, len(self.bank))
        return 1 - likeness.topk(k, dim=1).values[:, -1]


def fit_neighbours(x: Float[Tensor, "m d"], *, k: int) -> Neighbours:
    """Keep ``x`` as the bank of known vectors."""
    return Neighbours(torch.nn.functional.normalize(x, dim=1), k)
