"""Automatic circuit discovery (Conmy et al. 2023, arXiv:2304.14997): drop edge after edge that is not missed."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fairfight.parts.circuits.edges.graph import Kept, Pairs, Scores

THRESHOLDS = tuple(10.0**k for k in range(-6, 2))
"""In nats, from far less than is noticed to more than most networks ever lose."""


@torch.no_grad()
def acdc(pairs: Pairs, threshold: float, kept: Kept | None = None) -> Kept:
    """The edges that are left, from the logits backwards: one goes if without it the divergence grows by less.

    Costs a pass an edge.

    Args:
        pairs: Inputs and others.
        threshold: In nats, a mean over places.
        kept: Edges to begin from; all if not said.
    """
    kept = (pairs.graph.possible if kept is None else kept).clone()
    now = float(pairs.divergence(pairs.patched(kept)))
    for receiver in reversed(range(len(kept))):
        for sender in reversed(kept[receiver].nonzero().flatten().tolist()):
            kept[receiver, sender] = False
            without = float(pairs.divergence(pairs.patched(kept)))
            if without - now < threshold:
                now = without
            else:
                kept[receiver, sender] = True
    return kept


def acdc_scores(pairs: Pairs, thresholds: Sequence[float] = THRESHOLDS) -> Scores:
    """How long each edge stays: at how many thresholds, each beginning from all edges as the published curves do."""
    return torch.stack([acdc(pairs, t).float() for t in thresholds]).sum(0)
