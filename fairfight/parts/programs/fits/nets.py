"""A small net that is taught the outputs (Hinton et al. 2015): a surrogate that explains nothing."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.parts.programs.expressions import Expr
from fairfight.parts.programs.fits.features import rows, spread, table
from fairfight.parts.programs.spaces import Batch, Space

Array = NDArray[Any]


@dataclass(frozen=True)
class Net:
    """A layer of ReLUs over features, each divided by how much it varies."""

    model: Any
    features: tuple[Expr, ...]
    middle: Array
    scale: Array
    wide: bool

    @property
    def size(self) -> int:
        """Weights."""
        return sum(int(w.size) for w in (*self.model.coefs_, *self.model.intercepts_))

    def predict(self, batch: Batch) -> Array:
        """What the net holds for most likely."""
        found = self.model.predict((rows(self.features, batch, self.wide) - self.middle) * self.scale)
        return spread(np.asarray(found), batch, self.wide)


def fit_net(
    space: Space,
    batch: Batch,
    outputs: Array,
    *,
    features: Sequence[Expr] | None = None,
    units: int = 32,
    epochs: int = 60,
    rate: float = 1e-2,
    seed: int = 0,
) -> Net:
    """Train a net on examples.

    Args:
        space: The inputs.
        batch: Examples.
        outputs: [n] or [n, positions].
        features: What it sees; see :func:`~fairfight.parts.programs.fits.features.features`.
        units: ReLUs.
        epochs: How often it sees every example, at most.
        rate: The learning rate.
        seed: Draws weights and order.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    given = table(space, batch, outputs, features)
    middle, spread_ = given.rows.mean(axis=0), given.rows.std(axis=0)
    scale = 1 / np.where(spread_ > 0, spread_, 1.0)
    model = MLPClassifier((units,), learning_rate_init=rate, max_iter=epochs, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((given.rows - middle) * scale, given.outputs)
    return Net(model, given.features, middle, scale, outputs.ndim == 2)
