"""A secret rule with its domain, a sampler of inputs, and the smallest network that is known to learn it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from fairfight.seeds import numpy_rng

LENGTH = 10
"""Of the sequences trained on, at least; MIPS has 10."""
LONGER = 4
"""How many times as long the longest sequences are that a program is tested on."""

Update = Literal["linear", "tanh", "relu", "mlp"]


@dataclass(frozen=True)
class Net:
    """What a recurrent network for a rule looks like, and how long it is trained."""

    update: Update
    hidden: int
    inputs: Literal["number", "one-hot"] = "number"
    readout: Literal["affine", "mlp"] = "affine"
    steps: int = 1500
    lr: float = 1e-2
    noise: float = 0.0
    """Standard deviation of what is added to the states in training, so that they settle on few points."""


@dataclass(frozen=True)
class Rule:
    """A function from integer sequences to integer sequences."""

    family: str
    options: dict[str, int]
    text: str
    """What it does, in a few words."""
    function: Callable[[np.ndarray], np.ndarray] = field(compare=False, repr=False)
    """Inputs [n, length, channels] to outputs [n, length]."""
    low: int
    high: int
    """The inputs are whole numbers between these."""
    channels: int
    answers: tuple[int, int] | None
    """Between which the outputs lie, where a network is to choose among them; else it gives a number."""
    net: Net
    sampler: Literal["uniform", "brackets"] = "uniform"

    @property
    def length(self) -> int:
        """Of the sequences trained on: long enough that a linear network of its size cannot mimic the rule on them."""
        return max(LENGTH, 3 * self.net.hidden) if self.net.update == "linear" else LENGTH

    @property
    def name(self) -> str:
        """Family and options ("sum-last k=3")."""
        return " ".join([self.family, *(f"{k}={v}" for k, v in self.options.items())])

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Outputs [n, length] for inputs [n, length, channels]."""
        return self.function(np.asarray(values, dtype=np.int64)).astype(np.int64)

    def sample(self, n: int, length: int, seed: int, *path: Any) -> np.ndarray:
        """Inputs [n, length, channels] for the branch ``path`` below ``seed``."""
        rng = numpy_rng(seed, "sequences", self.name, n, length, *path)
        values = rng.integers(self.low, self.high + 1, (n, length, self.channels))
        return _bracketed(values, rng) if self.sampler == "brackets" else values


def _bracketed(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of the rows never close more brackets than are open: at random, nearly every longer row would."""
    depth = np.zeros(len(values), dtype=np.int64)
    kept = rng.random(len(values)) < 0.5
    for t in range(values.shape[1]):
        forced = kept & (depth == 0)
        values[forced, t, 0] = 1
        closing = kept & (depth > 1) & (rng.random(len(values)) < 0.3)
        values[closing, t, 0] = 0
        depth += 2 * values[:, t, 0] - 1
    return values
