"""Which variables a transformer keeps: of a list of likely ones, those that a linear probe reads from its stream.

A variable counts by how much better the stream tells it than the token and the position themselves do (Alain & Bengio
2017): that much the network has computed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from fairfight.parts.heads.variables import valued
from fairfight.parts.programs import (
    INTS,
    Expr,
    Space,
    as_int,
    eq,
    indices,
    item,
    maximum,
    minimum,
    reverse,
    scan,
    select,
    selector_width,
    shift,
    state,
    var,
)
from fairfight.subject.sequences import SequenceSubject

LETTERS = 4
"""Values of a token up to which each is counted."""
RIDGE, SHARE = 1e-3, 0.75
"""Of probes: how much weights are shrunk, and the share of inputs that they are fitted to."""


@dataclass(frozen=True)
class Probed:
    """A variable, and how well it is read."""

    variable: Expr
    gain: float
    """Explained variance on fresh inputs from the best site, less what the token and the position explain."""


def likely(space: Space) -> tuple[Expr, ...]:
    """Variables that programs over sequences often have: one at each position."""
    found: list[Expr] = []
    s, t, x0, x1 = state(0), state(1), item(0), item(1)
    for one in space.inputs:
        x = var(one.name, INTS)
        found += [shift(x, 1), reverse(x), as_int(eq(x, reverse(x)))]
        found += [scan([x], [one.low], [maximum(s, x0)], s), scan([x], [one.high], [minimum(s, x0)], s)]
        found += [selector_width(select(x, x) & select(indices(), indices(), "lt")), selector_width(select(x, x))]
        if one.values <= LETTERS:
            found += [scan([x], [0], [s + as_int(eq(x0, v))], s) for v in range(one.low, one.high + 1)]
            found += [
                reverse(scan([reverse(x)], [0], [s + as_int(eq(x0, v))], s)) for v in range(one.low, one.high + 1)
            ]
        if one.values == 2:
            step = one.low * 2 + 1 - x0 * 2
            found += [scan([x], [0], [s + step], s), reverse(scan([reverse(x)], [0], [s + step], s))]
    if len(space.inputs) == 2:
        x, y = (var(one.name, INTS) for one in space.inputs)
        base = max(one.high for one in space.inputs) + 1
        carry = (x0 + x1 + s) // base
        found += [x + y, scan([x, y], [0, 0], [carry, s], t)]
        found.append(reverse(scan([reverse(x), reverse(y)], [0, 0], [carry, s], t)))
    return tuple(found)


def framed(subject: SequenceSubject) -> int | None:
    """How many tokens a transformer puts before its inputs; None of what is no transformer."""
    frames = (getattr(module, "before", None) for module in subject.module.modules())
    return next((len(frame) for frame in frames if isinstance(frame, tuple)), None)


@torch.no_grad()
def probed(
    subject: SequenceSubject, space: Space, values: Int[np.ndarray, "n length channels"], variables: tuple[Expr, ...]
) -> list[Probed]:
    """How well each variable is read from the stream, the best first.

    Args:
        subject: A transformer.
        space: Names the inputs.
        values: Sequences of one length.
        variables: One value at each position.
    """
    before, (n, length, _) = framed(subject), values.shape
    sites = [name for name in subject.sites if name.endswith("resid_post")]
    if before is None or not sites:
        return []
    columns = {one.name: values[:, :, c] for c, one in enumerate(space.inputs)}
    places = np.tile(np.arange(length), (n, 1))
    plain = np.concatenate([_one_hot(places), *(_one_hot(c) for c in columns.values())], axis=2)
    told = [valued(e, columns, np.full(n, length)).astype(float) for e in variables]
    targets = np.stack(told, axis=2)
    cut = int(n * SHARE)
    least = _explained(plain, targets, cut)
    best = np.full(len(variables), -np.inf)
    for found in subject.read(torch.from_numpy(values), sites).values():
        for first in {min(before, found.shape[1] - length), found.shape[1] - length}:
            seen = np.concatenate([found[:, first : first + length].double().numpy(), plain], axis=2)
            best = np.maximum(best, _explained(seen, targets, cut))
    order = np.argsort(-(best - least), kind="stable")
    return [Probed(variables[k], float(best[k] - least[k])) for k in order]


def _one_hot(values: Int[np.ndarray, "n length"]) -> Float[np.ndarray, "n length k"]:
    found: np.ndarray = np.eye(int(np.ptp(values)) + 1)[values - values.min()]
    return found


def _explained(
    seen: Float[np.ndarray, "n length d"], targets: Float[np.ndarray, "n length v"], cut: int
) -> Float[np.ndarray, " v"]:
    """The share of each target's variance on the last inputs that ridge regression on the first ones explains."""
    x, y = seen.reshape(len(seen) * seen.shape[1], -1), targets.reshape(-1, targets.shape[2])
    x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    rows = cut * seen.shape[1]
    gram = x[:rows].T @ x[:rows] + RIDGE * rows * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, x[:rows].T @ y[:rows])
    left = ((y[rows:] - x[rows:] @ weights) ** 2).mean(0)
    found: np.ndarray = np.maximum(1 - left / np.maximum(y[rows:].var(0), 1e-9), 0.0)
    return found
