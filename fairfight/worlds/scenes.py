"""Scenes: 32×32 colour images of one textured shape on a background, drawn from factors that are all known.

Every factor is drawn on its own, so nothing but the shape tells the class. A table of whole numbers is the whole
scene: changing a column and rendering again gives the same scene with only that changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.errors import UserError, unknown
from fairfight.seeds import derive, numpy_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject
from fairfight.worlds import scene_parts as parts
from fairfight.worlds.vision import image_classifier
from fairfight.worlds.world import Examples, Part, Schedule, World

RADII = (7.5, 8.5, 9.5, 10.5)
"""Half the width of a shape, in pixels."""
ANGLES = (-0.3, -0.15, 0.0, 0.15, 0.3)
"""How far a shape is turned, in radians."""
NEAREST, PLACES = 11, 10
"""Shapes are centred on one of ``PLACES`` rows and columns, the first being ``NEAREST``."""

VALUES: dict[str, tuple[str, ...]] = {
    "shape": tuple(parts.SHAPES),
    "texture": tuple(parts.TEXTURES),
    "colour": tuple(parts.COLOURS),
    "background": tuple(parts.BACKGROUNDS),
    "size": tuple(str(r) for r in RADII),
    "angle": tuple(str(a) for a in ANGLES),
    "row": tuple(str(NEAREST + i) for i in range(PLACES)),
    "column": tuple(str(NEAREST + i) for i in range(PLACES)),
    "object": tuple(parts.OBJECTS),
    "spot": tuple(str(s) for s in parts.SPOTS),
    "grain": tuple(str(i) for i in range(len(parts.GRAINS))),
}
"""Every factor with the names of its values; a scene gives an index into each."""

PARTS = ("shape", "object", "background")
"""What the masks are of, in order; every pixel belongs to exactly one."""

Factors = Mapping[str, Int[np.ndarray, " n"]]
CHUNK = 512


@dataclass(frozen=True)
class Scenes:
    """Rendered scenes with all that is known about them."""

    pixels: Float[Tensor, "n 3 32 32"]
    """In [0, 1]."""
    masks: Bool[Tensor, "n 3 32 32"]
    """Which pixels show the shape, the object and the background (``PARTS``)."""
    factors: Factors

    def __len__(self) -> int:
        return len(self.pixels)


def sample(n: int, seed: int, **fixed: int | str) -> Scenes:
    """Random scenes; half of them hold an object.

    Args:
        n: How many.
        seed: Of the factors.
        fixed: Factors that all scenes share, by name or index of the value (``texture="dots"``).

    Raises:
        UserError: Unknown factor or value.
    """
    rng = numpy_rng(seed, "scenes")
    factors = {name: rng.integers(0, len(values), n) for name, values in VALUES.items()}
    factors["object"] = np.where(rng.random(n) < 0.5, 0, rng.integers(1, len(parts.OBJECTS), n))
    for name, value in fixed.items():
        factors[name] = np.full(n, index(name, value))
    return render(factors)


def index(factor: str, value: int | str) -> int:
    """The index of a factor's value, given by name or by index.

    Raises:
        UserError: Unknown factor or value.
    """
    if factor not in VALUES:
        raise unknown("factor", factor, VALUES)
    if isinstance(value, str):
        if value not in VALUES[factor]:
            raise unknown(factor, value, VALUES[factor])
        return VALUES[factor].index(value)
    if not 0 <= value < len(VALUES[factor]):
        raise UserError(f"The factor {factor!r} has values 0 to {len(VALUES[factor]) - 1}, not {value}.")
    return value


def render(factors: Factors) -> Scenes:
    """The scenes that the factors describe; equal factors give equal pixels, whatever else is in the table.

    Raises:
        UserError: A factor is missing.
    """
    for name in VALUES:
        if name not in factors:
            raise UserError(f"The factor {name!r} is missing: scenes need {', '.join(VALUES)}.")
    n = len(factors["shape"])
    pixels = np.empty((n, 3, parts.SIZE, parts.SIZE), dtype=np.float32)
    masks = np.empty((n, len(PARTS), parts.SIZE, parts.SIZE), dtype=bool)
    for start in range(0, n, CHUNK):
        rows = slice(start, start + CHUNK)
        _paint({name: factors[name][rows] for name in VALUES}, pixels[rows], masks[rows])
    return Scenes(torch.from_numpy(pixels), torch.from_numpy(masks), dict(factors))


def _paint(f: Factors, pixels: np.ndarray, masks: np.ndarray) -> None:
    """Fill a chunk of pixels and masks."""
    inside = _inside(f)
    sprites = _OBJECTS[f["object"]]
    there = np.zeros_like(inside)
    for spot, (top, left) in enumerate(parts.SPOTS):
        where = np.flatnonzero(f["spot"] == spot)
        there[where, top : top + parts.OBJECT_SIZE, left : left + parts.OBJECT_SIZE] = sprites[where, 3] > 0
    inside &= ~there
    masks[:, 0], masks[:, 1], masks[:, 2] = inside, there, ~(inside | there)
    tone = _TONES[f["texture"]]
    colour = _COLOURS[f["colour"]]
    np.take(_BACKGROUNDS, f["background"], axis=0, out=pixels)
    for channel in range(3):
        np.copyto(pixels[:, channel], tone * colour[:, channel, None, None], where=inside)
    for spot, (top, left) in enumerate(parts.SPOTS):
        where = np.flatnonzero((f["spot"] == spot) & (f["object"] > 0))
        window = (where, slice(None), slice(top, top + parts.OBJECT_SIZE), slice(left, left + parts.OBJECT_SIZE))
        opaque = sprites[where, 3:] > 0
        pixels[window] = np.where(opaque, sprites[where, :3], pixels[window])
    pixels += parts.GRAINS[f["grain"]]
    np.clip(pixels, 0.0, 1.0, out=pixels)


def _inside(f: Factors) -> Bool[np.ndarray, "n 32 32"]:
    """Which pixels lie in each scene's shape."""
    grid = np.arange(parts.SIZE, dtype=np.float32)
    radius = np.asarray(RADII, dtype=np.float32)[f["size"]]
    angle = np.asarray(ANGLES, dtype=np.float32)[f["angle"]]
    y = (grid - (NEAREST + f["row"][:, None]).astype(np.float32)) / radius[:, None]
    x = (grid - (NEAREST + f["column"][:, None]).astype(np.float32)) / radius[:, None]
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    u = cos * x[:, None, :] + sin * y[:, :, None]
    v = cos * y[:, :, None] - sin * x[:, None, :]
    inside = np.zeros((len(radius), parts.SIZE, parts.SIZE), dtype=bool)
    for shape, test in enumerate(parts.SHAPES.values()):
        where = np.flatnonzero(f["shape"] == shape)
        inside[where] = test(u[where], v[where])
    return inside


_TONES = np.stack([parts.DARK + (1 - parts.DARK) * t for t in parts.TEXTURES.values()]).astype(np.float32)
_COLOURS = np.asarray(list(parts.COLOURS.values()), dtype=np.float32)
_BACKGROUNDS = np.stack(list(parts.BACKGROUNDS.values())).astype(np.float32)
_OBJECTS = np.stack(list(parts.OBJECTS.values())).astype(np.float32)


TRAIN, POOL = 6000, 2000
"""How many scenes a subject trains on, and how many are held out."""


@lru_cache(maxsize=4)
def _part(part: Part, seed: int) -> Examples:
    scenes = sample(TRAIN if part == "train" else POOL, derive(seed, "scenes", part))
    labels = torch.from_numpy(scenes.factors["shape"].astype(np.int64))
    return Examples(Images(scenes.pixels), labels, scenes.factors)


class _Scenes(World):
    """The world of scenes: the class is the shape."""

    name = "scenes"
    architectures: tuple[str, ...] = ("cnn", "cnn-wide")
    pretrained = False

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Rendered once for each part and seed in a process."""
        return _part(part, seed)

    def labels(self, architecture: str) -> dict[int, str]:
        """The shapes."""
        return dict(enumerate(VALUES["shape"]))

    def subject(self, architecture: str, seed: int) -> Subject:
        """An untrained convolutional network."""
        return image_classifier(architecture, seed, channels=3, size=parts.SIZE, classes=VALUES["shape"])

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """Under six seconds on one core from the beginning, under three to fine-tune; ten times that if it is wide."""
        if planting == "scratch":
            return Schedule(epochs=6, batch_size=64, lr=0.01, weight_decay=1e-3)
        return Schedule(epochs=3, batch_size=64, lr=0.01, weight_decay=1e-3)


WORLD: World = _Scenes()
