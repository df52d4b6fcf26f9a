"""Spectral signatures (Tran et al. 2018, arXiv:1811.00636): squared projections on a class's top singular vector."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Signatures:
    """Each class's mean and the direction in which its vectors vary most."""

    classes: Int[Tensor, " c"]
    means: Float[Tensor, "c d"]
    directions: Float[Tensor, "c d"]

    def score(self, x: Float[Tensor, "n d"], labels: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Squared projection of the centred vector; where the class is not known, the smallest over all classes."""
        along = (x[:, None] - self.means).mul(self.directions).sum(dim=2).square()
        own = labels[:, None] == self.classes
        return torch.where(own.any(dim=1), (along * own).sum(dim=1), along.amin(dim=1))


def fit_signatures(x: Float[Tensor, "n d"], labels: Int[Tensor, " n"]) -> Signatures:
    """Find the signatures of every label that occurs."""
    classes = torch.unique(labels)
    means, directions = [], []
    for c in classes.tolist():
        rows = x[labels == c]
        means.append(rows.mean(dim=0))
        directions.append(torch.linalg.svd(rows - means[-1], full_matrices=False).Vh[0])
    return Signatures(classes, torch.stack(means), torch.stack(directions))
