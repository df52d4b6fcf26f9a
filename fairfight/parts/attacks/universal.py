"""One perturbation that brings any picture to a class (Moosavi-Dezfooli et al. 2017, universal perturbations).

Nothing is said about its shape, only its length is kept small: for triggers that no mask describes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.attacks.asked import same_size
from fairfight.parts.attacks.stacked import Kind
from fairfight.subject.inputs import Images, Inputs


@dataclass(frozen=True)
class Shift:
    """Numbers that are added to the pixels, which stay in [0, 1]."""

    delta: Float[Tensor, "*k c h w"]

    @classmethod
    def of(cls, raw: Sequence[Tensor]) -> Shift:
        """From numbers without bounds; no pixel moves by more than one."""
        return cls(raw[0].tanh())

    def laid_on(self, pixels: Float[Tensor, "k b c h w"]) -> Float[Tensor, "k b c h w"]:
        """Each perturbation on its own pictures."""
        return (pixels + self.delta[:, None]).clamp(0, 1)

    def sizes(self) -> Float[Tensor, " k"]:
        """Euclidean lengths."""
        lengths: Tensor = torch.linalg.vector_norm(self.delta.flatten(1), dim=1)
        return lengths

    def __call__(self, inputs: Inputs) -> Images:
        """Pictures with this one perturbation on them."""
        assert isinstance(inputs, Images)
        same_size(inputs, self.delta.shape[-2], self.delta.shape[-1])
        return Images((inputs.pixels + self.delta.to(inputs.pixels.device)).clamp(0, 1))


def _start(k: int, shape: tuple[int, int, int], rng: torch.Generator) -> list[Tensor]:
    """Faint noise."""
    return [0.1 * torch.randn((k, *shape), generator=rng)]


SHIFTS = Kind("shift", usual=0.1, start=_start, make=Shift.of)
