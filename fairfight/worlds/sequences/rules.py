"""The rules as plain functions: inputs [n, length, channels] to outputs [n, length], whole numbers both.

The output at a position depends on the inputs up to it. What lies before the first input counts as 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Values = np.ndarray
"""Whole numbers, [n, length, channels] or [n, length]."""


def before(x: Values, k: int) -> Values:
    """What stood ``k`` places before, 0 where nothing did."""
    out = np.zeros_like(x)
    if k < x.shape[1]:
        out[:, k:] = x[:, : x.shape[1] - k]
    return out


def sum_last(x: Values, k: int) -> Values:
    """Sum of the last ``k`` inputs, with the present one."""
    total: Values = np.sum([before(x[..., 0], i) for i in range(k)], 0)
    return total


def scan(x: Values, step: Callable[..., tuple[Any, Values]], *start: int) -> Values:
    """Outputs of a machine: ``step(state…, inputs…) -> (state, output)``, where a state is a tuple or one array."""
    state: tuple[Values, ...] = tuple(np.full(len(x), s, dtype=np.int64) for s in start)
    outputs = []
    for t in range(x.shape[1]):
        new, output = step(*state, *(x[:, t, c] for c in range(x.shape[2])))
        state = new if isinstance(new, tuple) else (new,)
        outputs.append(output)
    return np.stack(outputs, 1)


def seen_most(x: Values, high: int) -> Values:
    """The number seen most often so far; the smallest of several."""
    counts = np.stack([np.cumsum(x[..., 0] == v, 1) for v in range(high + 1)], 2)
    most: Values = counts.argmax(2)
    return most


def balanced(x: Values) -> Values:
    """Whether the brackets so far (1 opens, 0 closes) are balanced."""
    depth = np.cumsum(2 * x[..., 0] - 1, 1)
    whole: Values = (depth == 0) & (np.minimum.accumulate(depth, 1) >= 0)
    return whole.astype(np.int64)


def spring(x: Values) -> Values:
    """Place of a unit mass on a unit spring under a force, in whole steps."""

    def step(place: Values, speed: Values, force: Values) -> tuple[Any, Values]:
        speed = speed + force - place
        place = place + speed
        return (place, speed), place

    return scan(x, step, 0, 0)


def magnet(x: Values) -> Values:
    """Place along the first axis of a charge whose speed a magnetic field turns by a right angle each step."""

    def step(place: Values, u: Values, v: Values, force: Values) -> tuple[Any, Values]:
        u, v = force - v, u
        return (place + u, u, v), place + u

    return scan(x, step, 0, 0, 0)


def last_nonzero(x: Values) -> Values:
    """The last input that was not 0."""

    def step(s: Values, v: Values) -> tuple[Any, Values]:
        kept = np.where(v != 0, v, s)
        return kept, kept

    return scan(x, step, 0)


def run(x: Values, cap: int) -> Values:
    """How often the present input has come in a row, up to ``cap``."""

    def step(last: Values, count: Values, v: Values) -> tuple[Any, Values]:
        count = np.where(v == last, np.minimum(count + 1, cap), 1)
        return (v, count), count

    return scan(x, step, -1, 0)


def alternating(x: Values, k: int) -> Values:
    """Whether the last ``k`` bits alternate; what lies before the first counts as 0."""
    bits = x[..., 0]
    all_differ: Values = np.all([before(bits, i) != before(bits, i + 1) for i in range(k - 1)], 0)
    return all_differ.astype(np.int64)


def carried(x: Values, base: int) -> Values:
    """Digits of the sum of two numbers that come digit by digit, the lowest first."""
    return scan(x, lambda c, a, b: ((a + b + c) // base, (a + b + c) % base), 0)


def affine_mod(x: Values, a: int, m: int) -> Values:
    """State ``s' = (a s + x) mod m``; with a = 2 the remainder of a binary number whose highest bit comes first."""
    return scan(x, lambda s, v: ((a * s + v) % m,) * 2, 0)


def dithered(x: Values, full: int) -> Values:
    """Error diffusion: 1 whenever what has come in and has not gone out reaches ``full``."""
    return scan(x, lambda s, v: ((s + v) % full, (s + v) // full), 0)
