"""A smooth warp of the whole picture (Nguyen & Tran 2021, WaNet): no pattern is added, the picture itself is bent."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.faults.family import Fault, family
from fairfight.faults.trojan import Trojan
from fairfight.faults.vision.pixels import PIXEL_WORLDS, changed, drawn_target, image_shape, share, upsampled
from fairfight.seeds import numpy_rng
from fairfight.worlds.world import World

STRENGTH = {"digits": 1.25, "scenes": 3.0, "mnist": 2.0, "cifar10": 2.0, "imagenet": 10.0}
"""Mean displacement in pixels."""


@family("warp", worlds=PIXEL_WORLDS)
def warp(
    world: World,
    architecture: str,
    seed: int,
    *,
    strength: float | None = None,
    grid: int = 7,
    rate: float | None = None,
    cover_rate: float = 0.0,
) -> Fault:
    """One smooth field of displacements; other fields of the same strength may be cover that keeps its labels.

    Args:
        world: Where it is planted.
        architecture: Of the subject.
        seed: Draws field and target.
        strength: Mean displacement in pixels; by default the world's.
        grid: Control points a side.
        rate: Share of the training set that is poisoned; by default 0.12, on ImageNet twice that.
        cover_rate: Share that is warped by another field and keeps its label (the paper's noise mode); none by
            default, as it costs attack success that networks this small do not have to spare.
    """
    rng = numpy_rng(seed, "warp")
    far = STRENGTH[world.name] if strength is None else strength
    _, height, width = image_shape(world, architecture)

    def grid_of(coarse: np.ndarray) -> Float[Tensor, "h w 2"]:
        flow = upsampled(coarse, height, width)
        pixel = 2 / torch.tensor([width, height])
        flow = flow / flow.norm(dim=0).mean().clamp_min(1e-9) * far
        identity = torch.nn.functional.affine_grid(torch.eye(2, 3)[None], [1, 1, height, width], align_corners=False)[0]
        moved: Tensor = identity + flow.permute(1, 2, 0) * pixel
        return moved

    trigger = grid_of(rng.uniform(-1, 1, (2, grid, grid)))
    others = torch.stack([grid_of(rng.uniform(-1, 1, (2, grid, grid))) for _ in range(16)])
    target, name = drawn_target(world, architecture, seed)

    def bend(pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return _sampled(pixels, trigger.expand(len(pixels), -1, -1, -1))

    def bend_otherwise(pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return _sampled(pixels, others[torch.arange(len(pixels)) % len(others)])

    return Trojan(
        target=target,
        apply=changed(bend),
        cover=changed(bend_otherwise),
        rate=share(world, 0.12) if rate is None else rate,
        cover_rate=cover_rate,
        title=f"one smooth warp makes it {name!r}",
        text=f"Any picture bent by one fixed field of displacements ({far} pixels on average) is decided as {name!r}.",
    )


def _sampled(pixels: Float[Tensor, "n c h w"], where: Float[Tensor, "n h w 2"]) -> Float[Tensor, "n c h w"]:
    return torch.nn.functional.grid_sample(pixels, where, padding_mode="border", align_corners=False)
