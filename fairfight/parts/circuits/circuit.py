"""A circuit: units at several sites, and how much of what each does goes through which later one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Unit = tuple[str, int]
"""A site and an index in the basis there."""


@dataclass(frozen=True)
class Circuit:
    """A graph of units, shallow to deep."""

    nodes: dict[Unit, float]
    """What the decision would lose if the unit did what it usually does."""
    edges: dict[tuple[Unit, Unit], float]
    """How much of that goes straight from the first unit through the second; no unit lies between the two."""
    ends: str
    """The site at which the decision reads units directly."""

    def at(self, site: str) -> list[int]:
        """The units at a site, the most important first."""
        own = [(unit, effect) for (where, unit), effect in self.nodes.items() if where == site]
        return [unit for unit, _ in sorted(own, key=lambda pair: (-abs(pair[1]), pair[0]))]

    def connected(self) -> Circuit:
        """The part of it from which edges lead to the decision."""
        into: dict[Unit, list[Unit]] = {}
        for first, second in self.edges:
            into.setdefault(second, []).append(first)
        reached = {unit for unit in self.nodes if unit[0] == self.ends}
        ahead = list(reached)
        while ahead:
            new = [unit for unit in into.get(ahead.pop(), []) if unit not in reached]
            reached.update(new)
            ahead.extend(new)
        return Circuit(
            {unit: effect for unit, effect in self.nodes.items() if unit in reached},
            {pair: effect for pair, effect in self.edges.items() if reached.issuperset(pair)},
            self.ends,
        )

    def lines(self, most: int = 20) -> Iterator[str]:
        """The strongest edges in words, such as ``embed/12 → blocks.0.attn_out/3 +0.41``."""
        strongest = sorted(self.edges.items(), key=lambda pair: (-abs(pair[1]), pair[0]))[:most]
        for ((a, i), (b, j)), effect in strongest:
            yield f"{a}/{i} → {b}/{j} {effect:+.2f}"
