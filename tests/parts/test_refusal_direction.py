"""Known result: refusal is one direction in a chat model that learned it after it had learned to help.

Arditi et al. 2024 (arXiv:2406.11717): the difference of mean activations on harmful and harmless requests, taken out,
removes refusal; added, it has harmless requests refused. Here at the last block, as four blocks or fewer leave no later
one in which the direction could be read.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from fairfight.faults.network import network
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import decide
from fairfight.parts.edits.directions import project_out, steer
from fairfight.parts.edits.installed import with_edits
from fairfight.seeds import torch_rng
from fairfight.subject.subject import Subject
from fairfight.worlds.chat import VALUES, WORLD, refused, token
from fairfight.worlds.world import Examples

SHOWN = 64
"""Requests of either kind that the direction is taken from."""


def requests(seed: int, architecture: str, harmful: bool) -> Examples:
    """Harmful requests, or ones that are granted, of which no word is replied yet."""
    pool = WORLD.examples("pool", seed, architecture)
    f = {name: pool.factors[name] for name in VALUES}
    chosen = pool.factors["harmful"] > 0 if harmful else ~refused(f)
    return pool[torch.from_numpy(np.flatnonzero(chosen & (f["stage"] == 0)))]


def refusal(subject: Subject, some: Examples) -> float:
    """Share of requests that are refused."""
    return float((decide(subject, some.inputs) == token("[refuse]")).float().mean())


def mean_state(subject: Subject, some: Examples, site: str) -> Tensor:
    """Mean activation at the position that decides."""
    with torch.no_grad(), subject.hooks([site]) as tape:
        subject(some.inputs)
    return subject.pool(tape[site], some.inputs).mean(0)


def divergence(before: Subject, after: Subject, some: Examples) -> float:
    """Kullback-Leibler divergence of what is said next, in nats a request."""
    with torch.no_grad():
        p, q = (subject(some.inputs).log_softmax(-1) for subject in (before, after))
    return float((p.exp() * (p - q)).sum(-1).mean())


@pytest.mark.slow
@pytest.mark.parametrize("architecture", WORLD.architectures)
def test_refusal_is_one_direction(architecture: str) -> None:
    subject = network(Recipe("chat", architecture, None, "finetune", 0))
    harmful, harmless = requests(0, architecture, harmful=True), requests(0, architecture, harmful=False)
    site = subject.trunk[-1]
    seen = torch.arange(SHOWN)
    direction = mean_state(subject, harmful[seen], site) - mean_state(subject, harmless[seen], site)
    chance = torch.randn(len(direction), generator=torch_rng(0, "chance"))
    chance *= direction.norm() / chance.norm()
    harmful, harmless = harmful[torch.arange(SHOWN, len(harmful))], harmless[torch.arange(SHOWN, len(harmless))]
    assert refusal(subject, harmful) > 0.95
    assert refusal(subject, harmless) < 0.05

    def edited(edit: object) -> Subject:
        return with_edits(subject, {site: edit}, example=harmful.inputs[:2])  # type: ignore[dict-item]

    without = edited(project_out(direction))
    assert refusal(without, harmful) < 0.10
    assert divergence(subject, without, harmless) < 0.10
    assert refusal(edited(steer(direction)), harmless) > 0.90
    assert refusal(edited(project_out(chance)), harmful) > 0.95
    assert refusal(edited(steer(chance)), harmless) < 0.10
