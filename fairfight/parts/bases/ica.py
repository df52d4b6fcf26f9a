"""Independent components (FastICA: Hyvärinen 1999): directions along which activations are least Gaussian."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.bases.pca import pca


@dataclass(frozen=True)
class Components:
    """An origin and k components that are read along some directions and written along others."""

    centre: Float[Tensor, " d"]
    reader: Float[Tensor, "k d"]
    writer: Float[Tensor, "k d"]
    """What one unit of each component adds to an activation; the reader's pseudo-inverse."""

    def encode(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """How much of each component there is; of unit variance on the sample fitted."""
        return (x - self.centre) @ self.reader.T

    def decode(self, codes: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """The activations that have these components and nothing else."""
        return codes @ self.writer + self.centre

    def residual(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Length of the part of ``x`` that the components do not reach."""
        lengths: Tensor = torch.linalg.vector_norm(x - self.decode(self.encode(x)), dim=1)
        return lengths


def ica(
    x: Float[Tensor, "n d"],
    *,
    k: int | None = None,
    variance: float = 0.99,
    rng: torch.Generator,
    rounds: int = 100,
    tolerance: float = 1e-4,
) -> Components:
    """All components at once, with the log-cosh contrast, on whitened principal components.

    Args:
        x: Activations.
        k: How many components; all that the sample can tell apart if fewer exist.
        variance: Share of the variance to keep where ``k`` is not given.
        rng: Draws the first guess.
        rounds: Steps at most.
        tolerance: Directions that turn less than this in a step have settled.
    """
    plane = pca(x, k=k, variance=variance)
    codes = plane.encode(x).double()
    spread = codes.square().mean(dim=0).sqrt()
    white = codes / spread
    m = white.shape[1]
    turn = _orthogonal(torch.randn(m, m, generator=rng, dtype=torch.float64))
    for _ in range(rounds if m else 0):
        steep = torch.tanh(white @ turn.T)
        new = _orthogonal(steep.T @ white / len(white) - (1 - steep.square()).mean(dim=0)[:, None] * turn)
        moved = float((1 - (new * turn).sum(dim=1).abs()).max())
        turn = new
        if moved < tolerance:
            break
    rows = plane.rows.double()
    return Components(plane.centre, ((turn / spread) @ rows).to(x), ((turn * spread) @ rows).to(x))


def _orthogonal(w: Float[Tensor, "m m"]) -> Float[Tensor, "m m"]:
    """The nearest orthogonal matrix: no component is found before another."""
    left, _, right = torch.linalg.svd(w)
    nearest: Tensor = left @ right
    return nearest
