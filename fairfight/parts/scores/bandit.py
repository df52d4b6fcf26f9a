"""Shapley values of many players by sampling, where only the best few are wanted (Ghorbani & Zou 2020)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

Game = Callable[[Tensor], Tensor]
"""Takes coalitions [c, players] as booleans and gives what each is worth [c]."""

PATIENCE = 5
"""A walk ends when so many values running have been as good as the last one."""
CHUNK = 16
"""Steps of a walk that are asked for at once, before it is seen whether it has ended."""


@dataclass(frozen=True)
class Shares:
    """Estimated Shapley values."""

    means: Float[Tensor, " players"]
    radii: Float[Tensor, " players"]
    """Half the width of each one's interval."""
    counts: Int[Tensor, " players"]
    """How often each has been sampled."""
    asked: int
    """How many coalitions the game was asked for."""


def shares(
    game: Game,
    players: int,
    *,
    top: int,
    rounds: int,
    rng: torch.Generator,
    doubt: float = 0.2,
    truncate: float = 0.02,
    least: int = 4,
) -> Shares:
    """Players join in random orders; what the worth rises by is a sample of the one's share who joins.

    Only players are sampled on whose interval tells neither that they belong to the best ``top`` nor that they do not.
    Intervals are empirical Bernstein bounds (Maurer & Pontil 2009); what they need to know, by how much a sample can
    vary at most, is taken from the samples so far.

    Args:
        game: What coalitions are worth.
        players: How many there are.
        top: How many are wanted.
        rounds: Orders at most.
        rng: Draws the orders.
        doubt: Chance that an interval may be wrong.
        truncate: An order is not followed to its end when the worth stays within this share of everybody's worth.
        least: Orders before anybody is settled.
    """
    ends = game(torch.stack([torch.zeros(players, dtype=torch.bool), torch.ones(players, dtype=torch.bool)])).double()
    walk = _Walk(game, ends, truncate * float((ends[1] - ends[0]).abs()))
    count = torch.zeros(players, dtype=torch.long)
    total, squares = ends.new_zeros(players), ends.new_zeros(players)
    low, high = torch.inf, -torch.inf
    means = radii = torch.full((players,), torch.inf)
    active = torch.ones(players, dtype=torch.bool)
    for done in range(1, rounds + 1):
        order = torch.randperm(players, generator=rng)
        who, rises = walk(order, active)
        count[who] += 1
        total[who] += rises
        squares[who] += rises.square()
        low, high = min(low, float(rises.min())), max(high, float(rises.max()))
        means = total / count
        spread = (squares / count - means.square()).clamp_min(0) * count / (count - 1).clamp_min(1)
        radii = (2 * spread * log(2 / doubt) / count).sqrt()
        radii += 7 * (high - low) * log(2 / doubt) / (3 * (count - 1))
        if done >= least and top < players:
            # Halfway between the last that is wanted and the first that is not.
            line = means.sort(descending=True).values[top - 1 : top + 1].mean()
            active = (means - radii < line) & (line < means + radii)
            if not bool(active.any()):
                break
    return Shares(means.float(), radii.float(), count, walk.asked)


class _Walk:
    """Follows orders, and asks for no more coalitions than are needed."""

    def __init__(self, game: Game, ends: Tensor, near: float) -> None:
        self._game, self._ends, self._near = game, ends, near
        self.asked = 2

    def __call__(self, order: Int[Tensor, " players"], active: Tensor) -> tuple[Tensor, Tensor]:
        """Who of the active ones joined, in turn, and by how much the worth rose as each did."""
        n = len(order)
        steps = torch.nonzero(active[order])[:, 0]
        worth = self._ends.new_full((n + 1,), torch.nan)
        worth[0], worth[n] = self._ends
        needed = torch.unique(torch.cat([steps, steps + 1]))
        needed = needed[(needed > 0) & (needed < n)]
        calm = 0
        for some in needed.split(CHUNK):
            worth[some] = self._game(_first(order, some)).double()
            self.asked += len(some)
            for value in worth[some].tolist():
                calm = calm + 1 if abs(value - float(self._ends[1])) <= self._near else 0
            if calm >= PATIENCE:
                break
        # Beyond the end of a walk nothing rises.
        worth = torch.where(worth.isnan(), self._ends[1], worth)
        return order[steps], worth[steps + 1] - worth[steps]


def _first(order: Int[Tensor, " players"], sizes: Int[Tensor, " c"]) -> Bool[Tensor, "c players"]:
    """Those who have joined after so many steps."""
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    return place < sizes[:, None]
