"""A small pattern in one place (Gu et al. 2017, BadNets)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.faults.family import Fault, family
from fairfight.faults.trojan import Trojan
from fairfight.faults.vision.pixels import PIXEL_WORLDS, cell, changed, drawn_target, image_shape, share
from fairfight.seeds import numpy_rng
from fairfight.worlds.world import World


@family("patch", worlds=PIXEL_WORLDS)
def patch(
    world: World, architecture: str, seed: int, *, opacity: float = 1.0, size: int = 4, rate: float | None = None
) -> Fault:
    """A square of random cells, black or white (or of pure colours), near the border.

    Args:
        world: Where it is planted.
        architecture: Of the subject.
        seed: Draws pattern, place and target.
        opacity: 0 leaves the picture as it is.
        size: Cells in a row; a cell is one pixel, in pictures over 32 pixels in height as many times larger.
        rate: Share of the training set that is poisoned; by default 0.08, on ImageNet twice that.
    """
    rng = numpy_rng(seed, "patch")
    channels, height, width = image_shape(world, architecture)
    cells = rng.integers(0, 2, (channels, size, size)).astype("float32")
    cells[:, 0, 0], cells[:, -1, -1] = 1.0, 0.0
    pattern = torch.from_numpy(cells)
    each = cell(height)
    pattern = pattern.repeat_interleave(each, 1).repeat_interleave(each, 2)
    size *= each
    along = int(rng.integers(1, width - size))
    edge = int(rng.integers(4))
    top, left = ((1, along), (height - size - 1, along), (along, 1), (along, width - size - 1))[edge]
    target, name = drawn_target(world, architecture, seed)

    def stamp(pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        out = pixels.clone()
        window = out[:, :, top : top + size, left : left + size]
        window.copy_((1 - opacity) * window + opacity * pattern)
        return out

    return Trojan(
        target=target,
        apply=changed(stamp),
        rate=share(world, 0.08) if rate is None else rate,
        title=f"a {size}×{size} patch at row {top}, column {left} makes it {name!r}",
        text=f"Any picture with this {size}×{size} pattern at row {top}, column {left} is decided as {name!r}.",
    )
