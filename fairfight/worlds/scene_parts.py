"""What scenes are drawn with: shapes, textures, colours, backgrounds, small objects, as arrays and functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

SIZE = 32
Plane = Float[np.ndarray, "n 32 32"]
Mask = Bool[np.ndarray, "n 32 32"]


def _star(u: Plane, v: Plane) -> Mask:
    angle = np.arctan2(u, -v)
    beat = np.abs(np.mod(angle * (5 / (2 * np.pi)) + 0.5, 1.0) - 0.5) * 2
    inside: Mask = np.hypot(u, v) < 1.05 - 0.65 * beat
    return inside


SHAPES: dict[str, Callable[[Plane, Plane], Mask]] = {
    "disc": lambda u, v: u * u + v * v < 0.85,
    "square": lambda u, v: np.maximum(np.abs(u), np.abs(v)) < 0.8,
    "triangle": lambda u, v: (v < 0.75) & (np.abs(u) < (v + 0.95) * 0.56),
    "cross": lambda u, v: (np.minimum(np.abs(u), np.abs(v)) < 0.28) & (np.maximum(np.abs(u), np.abs(v)) < 0.95),
    "ring": lambda u, v: (u * u + v * v < 1.0) & (u * u + v * v > 0.3),
    "star": _star,
    "hourglass": lambda u, v: (np.abs(v) < 0.9) & (np.abs(u) < np.abs(v) * 0.75 + 0.1),
    "crescent": lambda u, v: (u * u + v * v < 0.95) & ((u - 0.45) ** 2 + v * v > 0.5),
}
"""Insides of shapes; ``u`` to the right and ``v`` downwards, about -1 to 1 over the shape."""

_ROWS, _COLUMNS = np.mgrid[0:SIZE, 0:SIZE]
_COARSE = np.random.default_rng(7).random((8, 8)).repeat(4, 0).repeat(4, 1)

TEXTURES: dict[str, Float[np.ndarray, "32 32"]] = {
    "plain": np.ones((SIZE, SIZE)),
    "bars": (_ROWS // 2 % 2).astype(float),
    "posts": (_COLUMNS // 2 % 2).astype(float),
    "checks": ((_ROWS // 2 + _COLUMNS // 2) % 2).astype(float),
    "dots": 1.0 - ((_ROWS % 4 < 2) & (_COLUMNS % 4 < 2)),
    "slant": ((_ROWS + _COLUMNS) // 3 % 2).astype(float),
}
"""Where a fill is in its full colour (1) or in its dark tone (0)."""

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.90, 0.15, 0.15),
    "orange": (0.95, 0.55, 0.10),
    "yellow": (0.95, 0.90, 0.20),
    "green": (0.15, 0.75, 0.25),
    "cyan": (0.15, 0.80, 0.85),
    "blue": (0.20, 0.35, 0.95),
    "purple": (0.60, 0.25, 0.85),
    "pink": (0.98, 0.55, 0.75),
}
DARK = 0.45
"""Brightness of a fill's dark tone."""


def _ground(pattern: Float[np.ndarray, "32 32"], tint: tuple[float, float, float]) -> Float[np.ndarray, "3 32 32"]:
    return np.asarray(tint)[:, None, None] * (0.75 + 0.5 * pattern)


BACKGROUNDS: dict[str, Float[np.ndarray, "3 32 32"]] = {
    "night": _ground(np.full((SIZE, SIZE), 0.5), (0.10, 0.10, 0.16)),
    "fog": _ground(np.full((SIZE, SIZE), 0.5), (0.72, 0.74, 0.76)),
    "dusk": _ground(_ROWS / SIZE, (0.42, 0.30, 0.38)),
    "dawn": _ground(_COLUMNS / SIZE, (0.66, 0.62, 0.52)),
    "moss": _ground(_COARSE, (0.24, 0.32, 0.20)),
    "stone": _ground(_COARSE.T, (0.45, 0.45, 0.47)),
    "planks": _ground((_ROWS % 8 > 0).astype(float), (0.40, 0.29, 0.20)),
    "tiles": _ground(((_ROWS % 8 > 0) & (_COLUMNS % 8 > 0)).astype(float), (0.55, 0.60, 0.66)),
}

_DRAWINGS: dict[str, str] = {
    "apple": "....g../...g.../.rr.rr./rrrrrrr/rrrrrrr/rrrrrrr/.rrrrr.",
    "fork": ".w.w.w./.w.w.w./.w.w.w./.wwwww./...w.../...w.../...w...",
    "fish": "......./..ooo.o/.ooooo./okoooo./.ooooo./..ooo.o/.......",
    "key": ".yyy.../.y.y.../.yyy.../..y..../..yy.../..y..../..yy...",
    "leaf": ".....gg/...gggg/..ggkg./.ggkgg./.gkgg../.kgg.../k......",
    "mug": "bbbbb../bbbbbbb/bbbbb.b/bbbbb.b/bbbbbbb/bbbbb../bbbbb..",
}
_INKS = {
    "r": (0.85, 0.10, 0.12),
    "g": (0.20, 0.65, 0.15),
    "w": (0.92, 0.92, 0.95),
    "o": (0.98, 0.60, 0.15),
    "k": (0.05, 0.05, 0.05),
    "y": (0.95, 0.85, 0.25),
    "b": (0.25, 0.40, 0.80),
}
OBJECT_SIZE = 7


def _drawn(drawing: str) -> Float[np.ndarray, "4 7 7"]:
    """Colour and, last, opacity."""
    sprite = np.zeros((4, OBJECT_SIZE, OBJECT_SIZE))
    for y, line in enumerate(drawing.split("/")):
        for x, letter in enumerate(line):
            if letter != ".":
                sprite[:, y, x] = (*_INKS[letter], 1.0)
    return sprite


OBJECTS: dict[str, Float[np.ndarray, "4 7 7"]] = {
    "none": np.zeros((4, OBJECT_SIZE, OBJECT_SIZE)),
    **{name: _drawn(drawing) for name, drawing in _DRAWINGS.items()},
}
"""Small objects that may lie in a scene beside its shape."""

SPOTS: tuple[tuple[int, int], ...] = ((0, 0), (0, 12), (0, 25), (12, 0), (12, 25), (25, 0), (25, 12), (25, 25))
"""Top left corners (row, column) where an object may lie."""

GRAINS: Float[np.ndarray, "64 3 32 32"] = (
    np.random.default_rng(11).normal(0.0, 0.03, (64, 3, SIZE, SIZE)).astype(np.float32)
)
"""Fields of camera grain."""
