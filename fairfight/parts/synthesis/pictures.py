"""Two ways to make pictures from numbers without bounds (Olah et al. 2017; Mordvintsev et al. 2018).

What is drawn decides what comes out: scaled Fourier coefficients let a picture change as easily at every scale, a
network of coordinates (CPPN, Stanley 2007) makes shapes that are smooth and have edges. Many pictures at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

Shape = tuple[int, int, int]
"""Channels, height, width."""


GAIN = 4.0
"""What published code divides Fourier pictures by."""


@dataclass(frozen=True)
class Canvas:
    """A way to make pictures."""

    name: str
    rate: float
    """Adam's learning rate."""
    start: Callable[[int, torch.Generator], list[Tensor]]
    """The numbers with which ``k`` pictures begin, in tensors whose first dimension is k."""
    draw: Callable[[Sequence[Tensor]], Float[Tensor, "k c h w"]]
    """Pictures in [0, 1] from such numbers."""


def colours_of(pixels: Float[Tensor, "n c h w"]) -> tuple[Float[Tensor, "c c"], Float[Tensor, " c"]]:
    """A matrix that gives independent numbers the colour correlations of the pictures, and their mean before a sigmoid.

    Its columns' mean square is one, as published.
    """
    flat = pixels.permute(1, 0, 2, 3).flatten(1)
    values, vectors = torch.linalg.eigh(torch.cov(flat).view(len(flat), len(flat)))
    root = vectors * values.clamp_min(1e-6).sqrt()
    return root / root.norm(dim=0).max(), flat.mean(1).clamp(0.05, 0.95).logit()


def fourier(pixels: Float[Tensor, "n c h w"], *, rate: float = 0.05, spread: float = 0.3) -> Canvas:
    """Pictures from Fourier coefficients scaled by one over the frequency, in decorrelated colours.

    Args:
        pixels: Ordinary pictures, whose shape and colours are taken.
        rate: Adam's learning rate; 0.05 as published.
        spread: Of the first coefficients. Published code begins with grey, at which small networks have no gradient.
    """
    channels, height, width = pixels.shape[1:]
    mix, mean = colours_of(pixels)
    down = torch.fft.fftfreq(height)[:, None]
    along = torch.fft.rfftfreq(width)[None]
    scale = math.sqrt(height * width) / (down**2 + along**2).sqrt().clamp_min(1 / max(height, width))

    def start(k: int, rng: torch.Generator) -> list[Tensor]:
        return [spread * torch.randn((k, channels, *scale.shape, 2), generator=rng)]

    def draw(raw: Sequence[Tensor]) -> Float[Tensor, "k c h w"]:
        field = torch.fft.irfft2(
            torch.view_as_complex(raw[0] * scale.to(raw[0].device)[..., None]), s=(height, width), norm="backward"
        )
        return (torch.einsum("kchw,dc->kdhw", field, mix.to(field)) / GAIN + mean.to(field)[:, None, None]).sigmoid()

    return Canvas("fourier", rate, start, draw)


def cppn(pixels: Float[Tensor, "n c h w"], *, rate: float = 0.005, width: int = 12, layers: int = 4) -> Canvas:
    """Pictures from a network of each pixel's coordinates and its distance from the middle, one network a picture.

    Its last layer begins with contrast, as at grey small networks have no gradient. Its activation gives the
    arctangent and its square, each at its usual size.

    Args:
        pixels: Ordinary pictures, whose shape is taken.
        rate: Adam's learning rate.
        width: Units a layer.
        layers: Of units.
    """
    channels, high, wide = pixels.shape[1:]
    reach = math.sqrt(3)
    rows, columns = torch.meshgrid(
        torch.linspace(-reach, reach, high), torch.linspace(-reach, reach, wide), indexing="ij"
    )
    places = torch.stack([rows, columns, (rows**2 + columns**2).sqrt()], dim=-1).flatten(0, 1)
    widths = [3, *([2 * width] * layers)]

    def start(k: int, rng: torch.Generator) -> list[Tensor]:
        raw = []
        for before in widths[:-1]:
            raw += [torch.randn((k, before, width), generator=rng) / math.sqrt(before), torch.zeros(k, 1, width)]
        last = torch.randn((k, widths[-1], channels), generator=rng) / math.sqrt(width)
        return [*raw, last, torch.zeros(k, 1, channels)]

    def draw(raw: Sequence[Tensor]) -> Float[Tensor, "k c h w"]:
        x = places.to(raw[0].device).expand(len(raw[0]), -1, -1)
        for i in range(0, len(raw) - 2, 2):
            bent = torch.baddbmm(raw[i + 1], x, raw[i]).atan()
            x = torch.cat([bent / 0.67, bent.square() / 0.6], dim=-1)
        out: Tensor = torch.baddbmm(raw[-1], x, raw[-2]).sigmoid()
        return out.transpose(1, 2).reshape(-1, channels, high, wide)

    return Canvas("cppn", rate, start, draw)
