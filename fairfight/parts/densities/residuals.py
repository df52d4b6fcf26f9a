"""What a basis of trusted activations cannot rebuild, layer by layer."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from fairfight.parts.bases.directions import Directions
from fairfight.parts.densities.activations import finite_activations
from fairfight.parts.densities.layers import Join, layered_score
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject


def residual_score(
    subject: Subject, trusted: Inputs, basis: Callable[[str, Tensor], Directions], *, join: Join
) -> Callable[[Inputs], Float[Tensor, " n"]]:
    """A score of inputs by the length of what lies outside of a basis.

    Args:
        subject: Read at every trunk site.
        trusted: Ordinary inputs.
        basis: Fits a basis to the trusted activations [n, d] of a site.
        join: How layers are joined.
    """

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        return basis(site, x).residual

    return layered_score(subject, finite_activations(subject, trusted, subject.trunk), fit, join=join)
