"""Pictures with something in them that does not belong: a patch, noise, or a blend with something else.

Each picture gets one of these, at random in kind, place and strength (after the synthetic triggers of Liu et al. 2023
and the outlier exposure of Hendrycks et al. 2019), so that no one trigger is known beforehand.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.subject.inputs import Images


def corrupt_images(images: Images, rng: torch.Generator) -> Images:
    """One corruption a picture; values stay in [0, 1].

    Args:
        images: At least one.
        rng: Draws all of it.
    """
    pixels = images.pixels
    kinds = torch.randint(len(_KINDS), (len(pixels),), generator=rng)
    out = pixels.clone()
    for kind, corrupt in enumerate(_KINDS):
        rows = torch.nonzero(kinds == kind).flatten()
        if len(rows):
            out[rows] = corrupt(pixels[rows], pixels, rng)
    return Images(out.clamp(0, 1))


def _patch(x: Tensor, pool: Tensor, rng: torch.Generator) -> Float[Tensor, "n c h w"]:
    """A square of random cells, one pixel to a third of the side, anywhere; every second one of a single colour."""
    n, channels, height, width = x.shape
    side = torch.randint(1, max(2, min(height, width) // 3 + 1), (n,), generator=rng)
    top = (torch.rand(n, generator=rng) * (height - side + 1)).long()
    left = (torch.rand(n, generator=rng) * (width - side + 1)).long()
    rows, columns = torch.arange(height), torch.arange(width)
    inside = ((rows >= top[:, None]) & (rows < (top + side)[:, None]))[:, None, :, None] & (
        (columns >= left[:, None]) & (columns < (left + side)[:, None])
    )[:, None, None, :]
    cells = torch.randint(0, 2, x.shape, generator=rng).to(x)
    plain = torch.rand((n, channels, 1, 1), generator=rng).to(x).expand_as(x)
    one_colour = torch.rand((n, 1, 1, 1), generator=rng) < 0.5
    return torch.where(inside, torch.where(one_colour, plain, cells), x)


def _noise(x: Tensor, pool: Tensor, rng: torch.Generator) -> Float[Tensor, "n c h w"]:
    """Gaussian noise of a deviation between .02 and .3."""
    deviation = 0.02 + 0.28 * torch.rand((len(x), 1, 1, 1), generator=rng).to(x)
    return x + deviation * torch.randn(x.shape, generator=rng).to(x)


def _pattern(x: Tensor, pool: Tensor, rng: torch.Generator) -> Float[Tensor, "n c h w"]:
    """A faint random pattern over the whole, in shares from a twentieth to two fifths."""
    share = 0.05 + 0.35 * torch.rand((len(x), 1, 1, 1), generator=rng).to(x)
    return (1 - share) * x + share * torch.rand(x.shape, generator=rng).to(x)


def _blend(x: Tensor, pool: Tensor, rng: torch.Generator) -> Float[Tensor, "n c h w"]:
    """Another picture of the pool over it, in shares from a tenth to a half."""
    share = 0.1 + 0.4 * torch.rand((len(x), 1, 1, 1), generator=rng).to(x)
    other = pool[torch.randint(len(pool), (len(x),), generator=rng)]
    return (1 - share) * x + share * other


_KINDS = (_patch, _noise, _pattern, _blend)
