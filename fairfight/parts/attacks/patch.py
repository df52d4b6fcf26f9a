"""A patch: pixels that are laid over pictures at one place."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError
from fairfight.subject.inputs import Images, Inputs


@dataclass(frozen=True)
class Patch:
    """Pixels and where they go."""

    pixels: Float[Tensor, "c a b"]
    """In [0, 1]."""
    top: int
    left: int

    def __call__(self, inputs: Inputs) -> Images:
        """Pictures with the patch on them.

        Raises:
            UserError: It does not lie inside the pictures, or has other channels than they have.
        """
        assert isinstance(inputs, Images)
        channels, a, b = self.pixels.shape
        _, known, height, width = inputs.pixels.shape
        if channels != known or not (0 <= self.top <= height - a and 0 <= self.left <= width - b):
            raise UserError(
                f"A patch of {channels}×{a}×{b} at row {self.top}, column {self.left} does not fit into pictures of "
                f"{known}×{height}×{width}."
            )
        out = inputs.pixels.clone()
        out[:, :, self.top : self.top + a, self.left : self.left + b] = self.pixels.to(out)
        return Images(out)
