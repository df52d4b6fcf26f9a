"""One smooth warp that brings any picture to a class: a warping backdoor (Nguyen & Tran 2021, WaNet) makes it cheap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.attacks.stacked import Kind
from fairfight.subject.inputs import Images, Inputs

POINTS = 6
"""Grid points a side."""
REACH = 3.0
"""Pixels by which one step of a number without bounds moves a grid point: as far as warps that are planted go."""


@dataclass(frozen=True)
class Warp:
    """Displacements at the points of a coarse grid, in pixels; smooth between them."""

    flow: Float[Tensor, "*k 2 g g"]

    @classmethod
    def of(cls, raw: Sequence[Tensor]) -> Warp:
        """From numbers without bounds."""
        return cls(REACH * raw[0])

    def laid_on(self, pixels: Float[Tensor, "k b c h w"]) -> Float[Tensor, "k b c h w"]:
        """Each warp on its own pictures."""
        _, batch, _, height, width = pixels.shape
        fine = torch.nn.functional.interpolate(self.flow, (height, width), mode="bicubic", align_corners=True)
        pixel = 2 / fine.new_tensor([width, height])
        still = torch.eye(2, 3, device=fine.device)[None]
        where = torch.nn.functional.affine_grid(still, [1, 1, height, width], align_corners=False)
        where = (where + fine.permute(0, 2, 3, 1) * pixel).repeat_interleave(batch, 0)
        bent = torch.nn.functional.grid_sample(pixels.flatten(0, 1), where, padding_mode="border", align_corners=False)
        return bent.view_as(pixels)

    def sizes(self) -> Float[Tensor, " k"]:
        """Mean displacements in pixels."""
        return (self.flow.square().sum(1) + 1e-12).sqrt().flatten(1).mean(1)

    def __call__(self, inputs: Inputs) -> Images:
        """Pictures bent by this one warp."""
        assert isinstance(inputs, Images)
        return Images(Warp(self.flow.to(inputs.pixels.device)[None]).laid_on(inputs.pixels[None])[0])


def _start(k: int, shape: tuple[int, int, int], rng: torch.Generator) -> list[Tensor]:
    """Slight random bends."""
    return [0.2 * torch.randn((k, 2, POINTS, POINTS), generator=rng)]


WARPS = Kind("warp", usual=0.4, start=_start, make=Warp.of)
