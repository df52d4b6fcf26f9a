"""Edge attribution patching (Syed et al. 2023, arXiv:2310.10348): all edges by two passes forward and one back."""

from __future__ import annotations

from fairfight.parts.circuits.edges.graph import Pairs, Scores


def eap(pairs: Pairs) -> Scores:
    """What the decision would lose by each edge: the change of what it carries, along the slope of what reads it."""
    return pairs.effects(pairs.slopes)
