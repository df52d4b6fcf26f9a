"""Edges of a picture, which know nothing of a network: what a map of attributions has to beat (Adebayo et al. 2018)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.subject.inputs import Images

SLOPE = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))
"""Sobel's filter across; downwards it is the transpose."""


def edges(images: Images) -> Float[Tensor, "n h w"]:
    """How steep each picture is at each pixel, by Sobel's filters (Sobel & Feldman 1968), summed over channels."""
    pixels = images.pixels
    channels = pixels.shape[1]
    across = pixels.new_tensor(SLOPE)
    both = torch.stack([across, across.T])[:, None].repeat(channels, 1, 1, 1)
    padded = torch.nn.functional.pad(pixels, (1, 1, 1, 1), mode="replicate")
    slopes = torch.nn.functional.conv2d(padded, both, groups=channels)
    steep: Tensor = slopes.unflatten(1, (channels, 2)).square().sum(dim=2).sqrt().sum(dim=1)
    return steep
