"""Symbolic regression by genetic programming (Koza 1992), through gplearn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.errors import UserError
from fairfight.parts.programs.expressions import Expr
from fairfight.parts.programs.fits.features import rows, spread, table
from fairfight.parts.programs.spaces import Batch, Space

Array = NDArray[Any]


@dataclass(frozen=True)
class Formula:
    """A formula of features, rounded to what outputs may be."""

    model: Any
    features: tuple[Expr, ...]
    low: int
    high: int
    boolean: bool
    wide: bool

    @property
    def text(self) -> str:
        """The formula; ``X0``, ``X1`` … are the features."""
        return str(self.model._program)

    def predict(self, batch: Batch) -> Array:
        """What the formula says."""
        raw = np.nan_to_num(self.model.predict(rows(self.features, batch, self.wide)))
        whole = np.clip(np.round(raw), self.low, self.high).astype(np.int64)
        return spread(whole.astype(bool) if self.boolean else whole, batch, self.wide)


def fit_formula(
    space: Space,
    batch: Batch,
    outputs: Array,
    *,
    features: Sequence[Expr] | None = None,
    population: int = 500,
    generations: int = 15,
    most: int = 2000,
    seed: int = 0,
) -> Formula:
    """Breed formulas of +, -, *, protected /, min, max and abs.

    Args:
        space: The inputs.
        batch: Examples.
        outputs: [n] or [n, positions].
        features: What the formula may use; see :func:`~fairfight.parts.programs.fits.features.features`.
        population: Formulas in a generation.
        generations: How many there are.
        most: Outputs that formulas are judged on, the first ones.
        seed: Of the breeding.

    Raises:
        UserError: gplearn is not installed.
    """
    if find_spec("gplearn") is None:
        raise UserError("Symbolic regression needs gplearn: install fairfight[programs].")
    from gplearn.genetic import SymbolicRegressor

    given = table(space, batch, outputs, features)
    model = SymbolicRegressor(
        population_size=population,
        generations=generations,
        function_set=("add", "sub", "mul", "div", "min", "max", "abs"),
        metric="mse",
        const_range=(-3.0, 3.0),
        parsimony_coefficient=0.002,
        random_state=seed,
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        model.fit(given.rows[:most].astype(float), given.outputs[:most].astype(float))
    low, high = int(given.outputs.min()), int(given.outputs.max())
    # A formula may well hold beyond the outputs that were seen.
    room = 0 if outputs.dtype == bool else 1000 * (high - low + 1)
    return Formula(model, given.features, low - room, high + room, outputs.dtype == bool, outputs.ndim == 2)
