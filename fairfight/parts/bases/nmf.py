"""Non-negative factors (Lee & Seung 1999): activations as sums of parts, where nothing is taken away."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError

_TINY = 1e-12


@dataclass(frozen=True)
class Factors:
    """Non-negative rows of unit length."""

    rows: Float[Tensor, "k d"]
    rounds: int = 200
    """Updates that a code is found by."""

    def encode(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Non-negative codes that rebuild ``x`` best; what is below zero in ``x`` counts as zero."""
        towards, gram = x.clamp_min(0) @ self.rows.T, self.rows @ self.rows.T
        codes = towards.clone()
        for _ in range(self.rounds):
            codes = codes * towards / (codes @ gram).clamp_min(_TINY)
        return codes

    def decode(self, codes: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """The activations that the codes stand for."""
        return codes @ self.rows

    def residual(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Length of what the factors fail to rebuild."""
        lengths: Tensor = torch.linalg.vector_norm(x - self.decode(self.encode(x)), dim=1)
        return lengths


def nmf(x: Float[Tensor, "n d"], *, k: int, rng: torch.Generator, rounds: int = 300) -> Factors:
    """Fit ``k`` factors by multiplicative updates of the squared error.

    Args:
        x: Activations without negative entries, such as those after a ReLU.
        k: How many factors.
        rng: Draws the first guess.
        rounds: Updates.

    Raises:
        UserError: An activation is negative.
    """
    if float(x.amin()) < 0:
        raise UserError(
            "Non-negative factors need activations that are never negative: take a site after a ReLU, or another basis."
        )
    typical = (x.mean() / k).clamp_min(_TINY).sqrt()
    codes = torch.rand(len(x), k, generator=rng).to(x).add_(0.1) * typical
    rows = torch.rand(k, x.shape[1], generator=rng).to(x).add_(0.1) * typical
    for _ in range(rounds):
        codes = codes * (x @ rows.T) / (codes @ (rows @ rows.T)).clamp_min(_TINY)
        rows = rows * (codes.T @ x) / (codes.T @ codes @ rows).clamp_min(_TINY)
    return Factors(rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min(_TINY))
