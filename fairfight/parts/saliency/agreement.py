"""How well a map points at a place that is known: three measures, one number a picture each."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Maps = Float[Tensor, "n h w"]
Masks = Bool[Tensor, "n h w"]


def correlation(maps: Maps, masks: Masks) -> Float[Tensor, " n"]:
    """Pearson's correlation of map and mask; 0 where either is the same everywhere (Casper et al. 2023)."""
    one, other = (x.flatten(1).double() for x in (maps, masks))
    one, other = (x - x.mean(dim=1, keepdim=True) for x in (one, other))
    size = one.norm(dim=1) * other.norm(dim=1)
    found: Tensor = torch.where(size > 1e-12, (one * other).sum(dim=1) / size.clamp_min(1e-12), 0.0)
    return found


def overlap(maps: Maps, masks: Masks) -> Float[Tensor, " n"]:
    """Intersection over union of the mask and as many of the map's highest pixels as the mask has.

    Pixels of equal height share the places that are left for them, so that a map without any height is at chance.
    """
    found = []
    for values, mask in zip(maps.flatten(1).double(), masks.flatten(1), strict=True):
        count = int(mask.sum())
        if not count:
            found.append(0.0)
            continue
        least = values.topk(count).values[-1]
        over, level = values > least, values == least
        share = (count - int(over.sum())) / int(level.sum())
        hit = float((over & mask).sum()) + share * float((level & mask).sum())
        found.append(hit / (2 * count - hit))
    return torch.tensor(found, dtype=torch.float64)


def pointing(maps: Maps, masks: Masks) -> Float[Tensor, " n"]:
    """Whether the highest pixel lies in the mask (pointing game, Zhang et al. 2018); of several highest, the share."""
    values, there = maps.flatten(1), masks.flatten(1)
    best = values == values.amax(dim=1, keepdim=True)
    return (best & there).sum(dim=1).double() / best.sum(dim=1)


MEASURES = {"correlation": correlation, "overlap": overlap, "pointing": pointing}
