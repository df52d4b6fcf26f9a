"""ECOD: how far out in the tails of its columns a vector lies (Li et al. 2022, arXiv:2201.00382).

As in PyOD, where the paper's maximum over tails is taken column by column. Tails are those of the known vectors with
the asked one among them, so that a score does not depend on what else is asked at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Tails:
    """Known vectors, sorted column by column."""

    rising: Float[Tensor, "d m"]
    skew: Float[Tensor, " d"]
    """Sign of each column's skewness: which tail is the long one."""

    def strangeness(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Sum over columns of minus the logarithm of the smaller tail's probability.

        A column without skew counts both tails. One that was constant says nothing until it changes.
        """
        columns = x.T.double().contiguous()
        size = self.rising.shape[1] + 1
        up_to = torch.searchsorted(self.rising, columns, right=True).double() + 1
        from_here = size - torch.searchsorted(self.rising, columns).double()
        left, right = -(up_to / size).log(), -(from_here / size).log()
        either = torch.maximum(left, right)
        return torch.where(self.skew[:, None] == 0, left + right, either).sum(dim=0)


def fit_tails(x: Float[Tensor, "m d"]) -> Tails:
    """Sort the known vectors' columns."""
    rising = x.T.double().contiguous().sort(dim=1).values
    centred = rising - rising.mean(dim=1, keepdim=True)
    third = centred.pow(3).mean(dim=1)
    # Rounding is no skew: a constant column has none.
    spread = centred.square().mean(dim=1).sqrt()
    return Tails(rising, torch.where(third.abs() > 1e-9 * spread.pow(3), third.sign(), 0.0))
