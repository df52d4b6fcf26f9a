"""Edge pruning (Bhaskar et al. 2024, arXiv:2406.16778): a mask on every edge, trained to say the same with fewer.

A mask is hard concrete (Louizos et al. 2018): it can be 0 and 1 exactly, and has a slope. A Lagrangian holds the share
of edges to one that falls while training goes on.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fairfight.faults.adamw import AdamW
from fairfight.parts.circuits.edges.graph import Pairs, Scores
from fairfight.seeds import torch_rng

SHARP, LOW, HIGH = 2 / 3, -0.1, 1.1
"""Temperature and the interval that masks are stretched to, as published."""
BEGIN = 2.0
"""Logit from which masks begin: nearly all edges are kept."""


def pruned(
    pairs: Pairs, *, share: float = 0.1, steps: int = 200, rate: float = 0.1, seed: int = 0, warm: float = 0.6
) -> Scores:
    """How likely each edge's mask is to stay open, where it was trained to keep few.

    Costs a pass forward and back a step.

    Args:
        pairs: Inputs and others.
        share: Of the edges that are to be left.
        steps: Of training.
        rate: Of masks, and of the Lagrangian's multipliers.
        seed: Draws masks.
        warm: Part of the training in which the share falls to what is wanted.
    """
    possible, rng = pairs.graph.possible, torch_rng(seed, "edge pruning")
    logits = nn.Parameter(torch.full((len(pairs.graph),), BEGIN))
    descent = AdamW.over([logits], 0.0)
    linear = square = 0.0
    for step in range(steps):
        wanted = 1 - (1 - share) * min(1.0, step / (warm * steps))
        with torch.enable_grad():
            mask = torch.zeros(possible.shape).masked_scatter(possible, _drawn(logits, rng))
            left = (logits - SHARP * math.log(-LOW / HIGH)).sigmoid().mean()
            over = left - wanted
            loss = pairs.divergence(pairs.patched(mask)) + linear * over + square * over**2
            (slope,) = torch.autograd.grad(loss, logits)
        descent.gradient.copy_(slope)
        descent.step(rate)
        linear += rate * over.item()
        square += rate * over.item() ** 2
    descent.release()
    return torch.zeros(possible.shape).masked_scatter(possible, logits.detach().sigmoid())


def _drawn(logits: Tensor, rng: torch.Generator) -> Tensor:
    u = torch.rand(logits.shape, generator=rng).clamp(1e-6, 1 - 1e-6)
    soft = ((u.logit() + logits) / SHARP).sigmoid()
    return (soft * (HIGH - LOW) + LOW).clamp(0, 1)
