"""Edits along directions: add one, or take all that lies along them away."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.edits.units import Edit


def steer(direction: Float[Tensor, " d"], strength: float = 1.0) -> Edit:
    """Add a multiple of a direction (Turner et al. 2023)."""
    step = strength * _finite(direction)
    return lambda x: x + step.to(x)


def project_out(
    directions: Float[Tensor, "k d"] | Float[Tensor, " d"], centre: Float[Tensor, " d"] | None = None
) -> Edit:
    """Take away what lies along some directions, or along one (directional ablation, Arditi et al. 2024).

    Args:
        directions: Of any length, not all of them zero; they may overlap.
        centre: What is left along them; zero if not given.
    """
    axes = span(directions)

    def edit(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        along = axes.to(x)
        moved = x if centre is None else x - centre.to(x)
        kept: Tensor = x - (moved @ along.T) @ along
        return kept

    return edit


def span(directions: Float[Tensor, "k d"] | Float[Tensor, " d"]) -> Float[Tensor, "r d"]:
    """Orthonormal axes that reach just what the directions reach.

    Raises:
        UserError: They are all zero, or not finite.
    """
    _, sizes, axes = torch.linalg.svd(torch.atleast_2d(_finite(directions)), full_matrices=False)
    if not float(sizes[0]) > 0:
        raise UserError("The directions to project out are all zero: choose others.")
    found: Tensor = axes[sizes > 1e-6 * sizes[0]]
    return found


def _finite(direction: Tensor) -> Tensor:
    if not bool(torch.isfinite(direction).all()):
        raise UserError("A direction has NaN or infinite entries: find out where they come from.")
    return direction
