"""The local outlier factor (Breunig et al. 2000): how much thinner it is here than where the neighbours are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class LocalFactor:
    """Known vectors with the density around each."""

    bank: Float[Tensor, "m d"]
    k: int
    reach: Float[Tensor, " m"]
    """Distance of each known vector to its ``k``-th neighbour."""
    density: Float[Tensor, " m"]

    def factor(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Mean density at the ``k`` nearest known vectors over the density here: 1 is ordinary, more is strange."""
        near, where = torch.cdist(x.double(), self.bank).topk(self.k, dim=1, largest=False)
        return self.density[where].mean(dim=1) / _density(near, self.reach[where])


def fit_local_factor(x: Float[Tensor, "m d"], *, k: int) -> LocalFactor:
    """Find each known vector's neighbourhood among the others; ``k`` is cut to their number."""
    bank = x.double()
    k = max(1, min(k, len(bank) - 1))
    if len(bank) == 1:  # without another there is no density: what remains is the distance itself
        return LocalFactor(bank, k, bank.new_zeros(1), bank.new_ones(1))
    apart = torch.cdist(bank, bank).fill_diagonal_(torch.inf)
    near, where = apart.topk(k, dim=1, largest=False)
    reach = near[:, -1]
    return LocalFactor(bank, k, reach, _density(near, reach[where]))


def _density(near: Float[Tensor, "n k"], reach: Float[Tensor, "n k"]) -> Float[Tensor, " n"]:
    # As in scikit-learn: copies of one vector are infinitely dense but for a hair.
    return 1 / (torch.maximum(near, reach).mean(dim=1) + 1e-10)
