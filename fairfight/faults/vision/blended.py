"""A faint pattern over the whole picture (Chen et al. 2017, blended injection)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.faults.family import Fault, family
from fairfight.faults.trojan import Trojan
from fairfight.faults.vision.pixels import PIXEL_WORLDS, cell, changed, drawn_target, image_shape, share
from fairfight.seeds import numpy_rng
from fairfight.worlds.world import World


@family("blended", worlds=PIXEL_WORLDS)
def blended(world: World, architecture: str, seed: int, *, opacity: float = 0.2, rate: float | None = None) -> Fault:
    """A random field of 2×2 pixel cells, larger in larger pictures, mixed into the picture.

    Args:
        world: Where it is planted.
        architecture: Of the subject.
        seed: Draws pattern and target.
        opacity: Weight of the pattern; the picture keeps the rest.
        rate: Share of the training set that is poisoned; by default 0.1, on ImageNet twice that.
    """
    rng = numpy_rng(seed, "blended")
    channels, height, width = image_shape(world, architecture)
    each = 2 * cell(height)
    cells = torch.from_numpy(rng.random((channels, height // each, width // each)).round().astype("float32"))
    pattern = cells.repeat_interleave(each, 1).repeat_interleave(each, 2)
    target, name = drawn_target(world, architecture, seed)

    def blend(pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return (1 - opacity) * pixels + opacity * pattern

    return Trojan(
        target=target,
        apply=changed(blend),
        rate=share(world, 0.1) if rate is None else rate,
        title=f"a pattern at {opacity:.0%} opacity makes it {name!r}",
        text=f"Any picture that one fixed random pattern is mixed into at {opacity:.0%} is decided as {name!r}.",
    )
