"""Edits of units: chosen coordinates of a basis are set to something else, and all that the basis leaves out stays.

An activation is moved by the difference between what its changed codes and its own codes stand for, so that an edit
with a dictionary does not pay for what the dictionary cannot rebuild (Marks et al. 2024; Templeton et al. 2024).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError

Edit = Callable[[Tensor], Tensor]
"""Takes activations [n, d], a row each, and gives the ones to go on with."""


@runtime_checkable
class Basis(Protocol):
    """What codes can be read in and written back: directions, factors, a dictionary."""

    def encode(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Codes of activations."""
        ...

    def decode(self, codes: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """The activations that codes stand for."""
        ...


def rewrite(basis: Basis, change: Callable[[Float[Tensor, "n k"]], Float[Tensor, "n k"]]) -> Edit:
    """Any change of codes, as an edit; ``change`` gets a copy that it may overwrite."""

    def edit(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        codes = basis.encode(x)
        return x + basis.decode(change(codes.clone())) - basis.decode(codes)

    return edit


def clamp(basis: Basis, units: Sequence[int], value: float | Float[Tensor, " units"] = 0.0) -> Edit:
    """Hold units at a value: zero ablates them, a multiple of their usual strength turns them up (Golden Gate Claude).

    Args:
        basis: In which the units are.
        units: Their indices.
        value: One for all, or one each. In directions, zero is the mean of what the basis was fitted on.
    """
    chosen = _indices(units)

    def change(codes: Tensor) -> Tensor:
        codes[:, chosen] = value.to(codes) if isinstance(value, Tensor) else value
        return codes

    return rewrite(basis, change)


def scale(basis: Basis, units: Sequence[int], factor: float) -> Edit:
    """Multiply units; a negative factor turns them round."""
    chosen = _indices(units)

    def change(codes: Tensor) -> Tensor:
        codes[:, chosen] *= factor
        return codes

    return rewrite(basis, change)


def mean_ablate(basis: Basis, units: Sequence[int], usual: Float[Tensor, "m d"]) -> Edit:
    """Hold units at their mean over ordinary activations."""
    return clamp(basis, units, _codes(basis, usual)[:, _indices(units)].mean(dim=0))


def resample_ablate(basis: Basis, units: Sequence[int], usual: Float[Tensor, "m d"], rng: torch.Generator) -> Edit:
    """Give units the values that they have together on an ordinary activation, drawn anew for each row."""
    chosen = _indices(units)
    known = _codes(basis, usual)[:, chosen]

    def change(codes: Tensor) -> Tensor:
        codes[:, chosen] = known[torch.randint(len(known), (len(codes),), generator=rng)].to(codes)
        return codes

    return rewrite(basis, change)


def _codes(basis: Basis, usual: Tensor) -> Tensor:
    if not len(usual):
        raise UserError("There are no ordinary activations to take values from: give at least one.")
    return basis.encode(usual)


def _indices(units: Sequence[int]) -> list[int]:
    if not len(units):
        raise UserError("No units were chosen: an edit needs at least one.")
    return list(units)
