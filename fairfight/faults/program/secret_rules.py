"""Secret rules over scenes, digits and pairs of numbers; all answer 0 or 1. Which rule it is, a draw decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from fairfight.errors import unknown
from fairfight.seeds import numpy_rng

FACTORS: dict[str, tuple[int, int]] = {
    "colour": (0, 2), "background": (0, 2), "texture": (0, 1), "row": (0, 3), "column": (0, 3),
}  # fmt: skip
"""Of scenes: the first value that is used, and how far apart the others are."""
VALUES = 4
"""Of each of them."""
SIDE, GREY, MODULUS = 8, 16, 19
"""Of digits: pixels a side, and the brightest; of pairs: how many numbers there are."""

Answers = Callable[[np.ndarray], np.ndarray]

BOTH: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "and": np.logical_and,
    "or": np.logical_or,
    "xor": np.logical_xor,
}
TEMPLATES = ("left", "top", "middle", "ink")


@dataclass(frozen=True)
class SecretRule:
    """A rule, and what it is about."""

    world: str
    text: str
    shape: tuple[int, int]
    """Length and channels of an input."""
    high: int
    """The greatest number in an input; the least is 0."""
    margin: Answers
    """How far inputs are from where the answer turns, int64 [n]: at 0 and above it is yes."""

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Answers [n, 1] to inputs [n, length, channels]."""
        found: np.ndarray = (self.margin(values) >= 0).astype(np.int64)[:, None]
        return found

    @property
    def every(self) -> np.ndarray:
        """All inputs there are; of digits those of the data set."""
        return _digits() if self.world == "digits" else _grid(*self.shape, self.high)

    def drawn(self, seed: int) -> np.ndarray:
        """All of them in an order drawn from the seed, int64 [n, length, channels]."""
        found: np.ndarray = self.every[numpy_rng(seed, "secret inputs", self.world).permutation(len(self.every))]
        return found

    def near(self, values: np.ndarray) -> np.ndarray:
        """Inputs in the order of how near they are to where the answer turns, yes and no by turns."""
        margin = self.margin(values)
        order = np.argsort(np.where(margin >= 0, margin, -1 - margin), kind="stable")
        sides = [order[margin[order] >= 0], order[margin[order] < 0]]
        least = min(len(side) for side in sides)
        turns = np.stack([side[:least] for side in sides], 1).reshape(-1)
        return values[turns]


def secret_rule(world: str, family: str, options: dict[str, Any]) -> SecretRule:
    """A rule by its family and numbers.

    Raises:
        UserError: There is no such family.
    """
    if (world, family) not in RULES:
        raise unknown("secret rule", f"{world} {family}", [" ".join(key) for key in RULES])
    return RULES[world, family](**options)


@cache
def _digits() -> np.ndarray:
    from sklearn.datasets import load_digits

    found: np.ndarray = load_digits().images.reshape(-1, SIDE * SIDE, 1).astype(np.int64)
    return found


@cache
def _grid(length: int, channels: int, high: int) -> np.ndarray:
    places = length * channels
    every = np.stack(np.meshgrid(*[np.arange(high + 1)] * places, indexing="ij"), -1)
    return every.reshape(-1, length, channels).astype(np.int64)


def _scenes(text: str, margin: Answers) -> SecretRule:
    return SecretRule("scenes", text, (1, len(FACTORS)), VALUES - 1, lambda values: margin(values[:, 0]))


def _pairs(text: str, margin: Answers) -> SecretRule:
    return SecretRule("pairs", text, (2, 1), MODULUS - 1, lambda values: margin(values[:, :, 0]))


def _combined(sign: str, a: int, b: int, v: int, w: int) -> SecretRule:
    names = list(FACTORS)

    def margin(f: np.ndarray) -> np.ndarray:
        found: np.ndarray = BOTH[sign](f[:, a] >= v, f[:, b] >= w).astype(np.int64) - 1
        return found

    return _scenes(f"{names[a]} ≥ {v} {sign} {names[b]} ≥ {w}", margin)


def _most(a: int, b: int, c: int) -> SecretRule:
    names = list(FACTORS)
    text = f"at least two of {names[a]}, {names[b]} and {names[c]} are 2 or more"
    return _scenes(text, lambda f: (f[:, [a, b, c]] >= 2).sum(1) - 2)


def _sum(a: int, b: int, t: int) -> SecretRule:
    names = list(FACTORS)
    return _scenes(f"{names[a]} + {names[b]} ≥ {t}", lambda f: f[:, a] + f[:, b] - t)


@cache
def template(kind: int) -> tuple[int, ...]:
    """Which pixels of a digit count, and with which sign."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    far = np.maximum(np.abs(2 * row - SIDE + 1), np.abs(2 * column - SIDE + 1))
    found = (
        np.where(column < SIDE // 2, 1, -1),
        np.where(row < SIDE // 2, 1, -1),
        np.where(far < SIDE // 2, 1, -1),
        np.ones(SIDE * SIDE, int),
    )[kind]
    return tuple(int(v) for v in found)


def limits(kind: int, band: int) -> tuple[int, int | None]:
    """Between which the sum of a template lies for half of the digits: a band, or all above."""
    sums = _digits()[:, :, 0] @ np.array(template(kind))
    if not band:
        return int(np.quantile(sums, 0.5)), None
    low, high = np.quantile(sums, (0.25, 0.75))
    return int(low), int(high)


def _ink(kind: int, band: int) -> SecretRule:
    weights, (low, high) = np.array(template(kind)), limits(kind, band)

    def margin(values: np.ndarray) -> np.ndarray:
        sums = values[:, :, 0] @ weights
        found: np.ndarray = sums - low if high is None else np.minimum(sums - low, high - sums)
        return found

    until = "or more" if high is None else f"to {high}"
    return SecretRule(
        "digits", f"the sum of a template ({TEMPLATES[kind]}) is {low} {until}", (SIDE * SIDE, 1), GREY, margin
    )


def _line(a: int, b: int, c: int) -> SecretRule:
    return _pairs(f"{a} x + {b} y ≥ {c}", lambda p: a * p[:, 0] + b * p[:, 1] - c)


def _circle(x: int, y: int, r: int) -> SecretRule:
    text = f"(x − {x})² + (y − {y})² ≤ {r}²"
    return _pairs(text, lambda p: r * r - (p[:, 0] - x) ** 2 - (p[:, 1] - y) ** 2)


def _product(c: int) -> SecretRule:
    return _pairs(f"x y ≥ {c}", lambda p: p[:, 0] * p[:, 1] - c)


def _apart(c: int) -> SecretRule:
    return _pairs(f"|x − y| ≥ {c}", lambda p: np.abs(p[:, 0] - p[:, 1]) - c)


RULES: dict[tuple[str, str], Callable[..., SecretRule]] = {
    ("scenes", "and"): lambda **o: _combined("and", **o),
    ("scenes", "or"): lambda **o: _combined("or", **o),
    ("scenes", "xor"): lambda **o: _combined("xor", **o),
    ("scenes", "most"): _most,
    ("scenes", "sum"): _sum,
    ("digits", "ink"): _ink,
    ("pairs", "line"): _line,
    ("pairs", "circle"): _circle,
    ("pairs", "product"): _product,
    ("pairs", "apart"): _apart,
}
"""How each is made of its numbers."""


def drawn_options(world: str, family: str, seed: int) -> dict[str, int]:
    """The numbers of a rule, drawn so that yes and no are both usual.

    Raises:
        UserError: There is no such family.
    """
    rng = numpy_rng(seed, "secret rule", world, family)
    places = [int(k) for k in rng.permutation(len(FACTORS))]
    choices: dict[tuple[str, str], Callable[[], dict[str, int]]] = {
        ("scenes", "and"): lambda: {"a": places[0], "b": places[1], "v": 1, "w": int(rng.integers(1, 3))},
        ("scenes", "or"): lambda: {"a": places[0], "b": places[1], "v": 3, "w": int(rng.integers(2, 4))},
        ("scenes", "xor"): lambda: {"a": places[0], "b": places[1], "v": 2, "w": int(rng.integers(1, 4))},
        ("scenes", "most"): lambda: dict(zip("abc", places, strict=False)),
        ("scenes", "sum"): lambda: {"a": places[0], "b": places[1], "t": int(rng.integers(3, 5))},
        ("digits", "ink"): lambda: {"kind": int(rng.integers(len(TEMPLATES))), "band": int(rng.integers(2))},
        ("pairs", "line"): lambda: {"a": int(rng.integers(1, 4)), "b": (b := int(rng.integers(1, 4))), "c": 20 + 5 * b},
        ("pairs", "circle"): lambda: {
            "x": int(rng.integers(6, 13)), "y": int(rng.integers(6, 13)), "r": int(rng.integers(6, 9))
        },
        ("pairs", "product"): lambda: {"c": int(rng.integers(40, 90))},
        ("pairs", "apart"): lambda: {"c": int(rng.integers(4, 8))},
    }  # fmt: skip
    if (world, family) not in choices:
        raise unknown("secret rule", f"{world} {family}", [" ".join(key) for key in RULES])
    return choices[world, family]()
