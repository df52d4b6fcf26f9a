"""Directions: a fitted linear basis, however it was found."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Directions:
    """An origin and k orthonormal directions in activation space."""

    centre: Float[Tensor, " d"]
    """The origin: the mean of the activations the basis was fitted on."""
    rows: Float[Tensor, "k d"]
    """One unit direction a row, orthogonal to the others."""

    def encode(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Coordinates along the directions."""
        return (x - self.centre) @ self.rows.T

    def decode(self, codes: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """The activations that have these coordinates and nothing outside the basis."""
        return codes @ self.rows + self.centre

    def residual(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Length of the part of ``x`` that the directions do not reach."""
        lengths: Tensor = torch.linalg.vector_norm(x - self.decode(self.encode(x)), dim=1)
        return lengths
