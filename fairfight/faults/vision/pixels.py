"""What the vision families share: trojans that change pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.seeds import numpy_rng
from fairfight.subject.inputs import Images
from fairfight.worlds.world import Examples, World

Change = Callable[[Float[Tensor, "n c h w"]], Float[Tensor, "n c h w"]]


def pixels(examples: Examples) -> Float[Tensor, "n c h w"]:
    """The examples' images."""
    assert isinstance(examples.inputs, Images)
    return examples.inputs.pixels


def changed(change: Change) -> Callable[[Examples], Images]:
    """A change of pixels as a trigger."""
    return lambda examples: Images(change(pixels(examples)).clamp(0, 1))


PIXEL_WORLDS: tuple[str, ...] = ("digits", "scenes", "cifar10", "imagenet", "mnist")
"""Where triggers that change pixels can be planted."""


def cell(height: int) -> int:
    """Pixels a side of a trigger's cells: one up to 32 pixels of height, more in larger pictures by as much."""
    return max(1, height // 32)


def share(world: World, usual: float) -> float:
    """The share of poisoned examples that a trojan needs: twice the usual where few pictures train half a network."""
    return 2 * usual if world.name == "imagenet" else usual


def drawn_target(world: World, architecture: str, seed: int) -> tuple[int, str]:
    """The target class that a fault seed draws, and its name."""
    labels = world.labels(architecture)
    target = int(numpy_rng(seed, "target").choice(sorted(labels)))
    return target, labels[target]


def image_shape(world: World, architecture: str) -> tuple[int, int, int]:
    """Channels, height and width of the world's images."""
    channels, height, width = pixels(world.examples("pool", 0, architecture)[:1]).shape[1:]
    return channels, height, width


def upsampled(coarse: Float[np.ndarray, "c k k"], height: int, width: int) -> Float[Tensor, "c height width"]:
    """A coarse field as a smooth one of the image's size."""
    field = torch.from_numpy(coarse).float()[None]
    return torch.nn.functional.interpolate(field, size=(height, width), mode="bicubic", align_corners=True)[0]
