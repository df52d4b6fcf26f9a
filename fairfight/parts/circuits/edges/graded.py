"""How good scores of edges are: against edges that are known, and by what circuits of them still do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from fairfight.parts.circuits.edges.graph import Graph, Kept, Pairs, Scores
from fairfight.seeds import torch_rng

SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of the edges, at which circuits are tried; after MIB (Mueller et al. 2025)."""


def random_edges(graph: Graph, seed: int) -> Scores:
    """Scores that say nothing."""
    found = torch.rand(graph.possible.shape, generator=torch_rng(seed, "random edges"))
    return found.masked_fill(~graph.possible, 0.0)


@dataclass(frozen=True)
class Known:
    """How well scores tell true edges from others, by size."""

    auroc: float
    precision: float
    """Average precision; edges of equal score count as drawn in any order."""


def against(scores: Scores, true: Kept, counted: Kept) -> Known:
    """Compare scores with the edges that are known.

    Args:
        scores: From any of the methods.
        true: The edges that are there.
        counted: The edges that are asked about; at least one true one and one other.
    """
    size, hit = scores.abs()[counted].double(), true[counted]
    yes, no = size[hit], size[~hit]
    above = (yes[:, None] > no).double() + 0.5 * (yes[:, None] == no).double()
    return Known(float(above.mean()), _precision(size, hit))


def _precision(size: Tensor, hit: Bool[Tensor, " edges"]) -> float:
    values, place = size.unique(return_inverse=True)
    counts = torch.bincount(place, minlength=len(values)).flip(0).double()
    hits = torch.bincount(place[hit], minlength=len(values)).flip(0).double()
    return float((hits / hits.sum() * hits.cumsum(0) / counts.cumsum(0)).sum())


@dataclass(frozen=True)
class Recovery:
    """What circuits of the best edges do, by their share of all edges (Mueller et al. 2025)."""

    shares: tuple[float, ...]
    faithful: tuple[float, ...]
    """1 where a circuit decides as the network does."""

    @property
    def cpr(self) -> float:
        """Area under faithfulness: how soon the decision is back. It can exceed 1."""
        return _area(self.shares, self.faithful)

    @property
    def cmd(self) -> float:
        """Area between faithfulness and 1: 0 is best."""
        return _area(self.shares, [abs(1 - f) for f in self.faithful])


def recovery(pairs: Pairs, scores: Scores, shares: Sequence[float] = SHARES) -> Recovery:
    """Faithfulness of the circuits of the strongest edges."""
    graph = pairs.graph
    found = [pairs.faithfulness(graph.strongest(scores, round(share * len(graph)))) for share in shares]
    return Recovery(tuple(shares), tuple(found))


def _area(x: Sequence[float], y: Sequence[float]) -> float:
    return sum((b - a) * (u + v) / 2 for a, b, u, v in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True))
