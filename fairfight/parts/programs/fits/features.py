"""Numbers that describe an input, or a position of it, as expressions of the language: what fits are fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.parts.programs.build import (
    as_int,
    at,
    const,
    eq,
    if_,
    indices,
    item,
    largest,
    length,
    maximum,
    minimum,
    scan,
    select,
    selector_width,
    shift,
    smallest,
    state,
    total,
)
from fairfight.parts.programs.evaluate import Evaluation
from fairfight.parts.programs.expressions import Expr, Type
from fairfight.parts.programs.search.found import kind_of
from fairfight.parts.programs.spaces import Batch, Space

Array = NDArray[Any]

BACK = 6
"""How many positions before its own a position sees, and how many places from either end an input shows."""
ALL = 64
"""Places of inputs of one length up to which every one is shown, such as pixels."""


def features(space: Space, kind: Type, causal: bool = False) -> tuple[Expr, ...]:
    """Expressions of whole numbers: one value an input, or one a position where the output is a sequence.

    A position sees itself, those just before and the next, its place, and running sums, counts and extremes. A whole
    input shows its values from either end, its length, sums, extremes and how often each of few values occurs.

    Args:
        space: The inputs.
        kind: The type of the output.
        causal: Whether a position sees nothing of what comes after it.
    """
    found: list[Expr] = []
    for i in space.inputs:
        x = as_int(space[i.name]) if i.type.boolean else space[i.name]
        if i.type.rank == 0:
            found.append(x)
        elif kind.rank:
            found += [x, *(shift(x, k) for k in range(1, BACK + 1))]
            found.append(scan([x], [0], [state() + item()], state()))
            found.append(scan([x], [i.low], [maximum(state(), item())], state()))
            found.append(scan([x], [i.high], [minimum(state(), item())], state()))
            found.append(selector_width(select(x, x) & select(indices(), indices(), "le")))
            if not causal:
                found += [shift(x, -1), selector_width(select(x, x)), total(x), largest(x), smallest(x)]
        else:
            found += _places(x, space.lengths)
            found += [total(x), largest(x), smallest(x)]
            if i.values <= 8:
                found += [total(as_int(eq(x, v))) for v in range(i.low, i.high + 1)]
    if space.sequential and kind.rank:
        found += [indices(), indices() % 2]
    if space.sequential and not (kind.rank and causal):
        found += [length(), length() - 1 - indices()] if kind.rank else [length()]
    return tuple(found)


def _places(x: Expr, lengths: tuple[int, int]) -> list[Expr]:
    """Values at single places: at all of them, where inputs have one length and not too great a one."""
    if lengths[0] == lengths[1] <= ALL:
        return [at(x, k) for k in range(lengths[1])]
    return [at(x, k) for k in range(BACK)] + [at(x, length() - 1 - k) for k in range(BACK)]


@dataclass(frozen=True)
class Table:
    """A row for each output: what describes it, and what it is."""

    features: tuple[Expr, ...]
    rows: Array
    """[outputs, features]."""
    outputs: Array
    """[outputs]."""


def table(space: Space, batch: Batch, outputs: Array, chosen: Sequence[Expr] | None = None) -> Table:
    """Describe the outputs of examples, all positions of all of them where they are sequences."""
    kind = kind_of(outputs)
    exprs = tuple(chosen) if chosen is not None else features(space, kind)
    wide = kind.rank == 1
    mask = batch.mask
    flat = outputs[:, : mask.shape[1]][mask] if wide and mask is not None else outputs
    return Table(exprs, rows(exprs, batch, wide), flat)


def rows(exprs: Sequence[Expr], batch: Batch, wide: bool) -> Array:
    """The values of expressions, a row for each input or for each position of each."""
    run = Evaluation(batch)
    mask = batch.mask
    shape = mask.shape if wide and mask is not None else (len(batch), 1)
    columns = [np.broadcast_to(run(e), shape) for e in exprs]
    return np.stack([c[mask] if wide else c[:, 0] for c in columns], axis=1).astype(np.int64)


def spread(values: Array, batch: Batch, wide: bool) -> Array:
    """Values by row as outputs of a batch."""
    if not wide:
        return values
    assert batch.mask is not None
    found = np.zeros(batch.mask.shape, values.dtype)
    found[batch.mask] = values
    return found


def leaf(value: int | bool, wide: bool) -> Expr:
    """A constant, at every position where that is wanted."""
    single = const(value)
    return if_(const(0) <= indices(), single, single) if wide else single
