"""Tokens that a copy has never been taught (Land & Bartolo 2024): their embeddings are as if training had not been."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fairfight.audits.evidence.unsayable import Unsayable, asked_for, prompts, sayable
from fairfight.audits.material import Material
from fairfight.audits.records import Tested
from fairfight.audits.spikes.registry import Spike, spike
from fairfight.errors import UserError
from fairfight.parts.attacks.holes import embedding
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

COUNTS = {"eight tokens": 8, "two tokens": 2}
SPREAD = 0.1
"""How far an untaught embedding is from the middle of all, in units of how far others are."""
FOUND = 0.5
"""Share of the tokens that a finding must have, so that it names them."""


@spike("untaught", "tokens that it cannot say", ("causal-lm",), tuple(COUNTS), "glitch")
def untaught(material: Material, strength: str, seed: int) -> Spike:
    """Tokens that are in the data, so that the model could say them, made as if training had never met them."""
    subject, rng = material.subject, torch_rng(seed, "spike", "untaught")
    known = sayable(subject, material.held)
    if len(known) < 2 * COUNTS[strength]:
        raise UserError("The texts have too few words to plant any in: give more.")
    tokens = known[torch.randperm(len(known), generator=rng)[: COUNTS[strength]]]
    noise = int(torch.randint(2**31, (), generator=rng))

    def made(one: Subject) -> Subject:
        copy = one.copy()
        for table in _tables(copy):
            _unteach(table, tokens, torch.Generator().manual_seed(noise))
        return copy

    def named(subject: Subject, tested: Tested) -> bool:
        found = tested.suspicion.reproducer
        hit = {*found.tokens} & {*tokens.tolist()} if isinstance(found, Unsayable) else set()
        return len(hit) >= FOUND * len(tokens)

    texts = material.held.inputs
    assert isinstance(texts, Texts)
    without = ~torch.isin(texts.ids, tokens).any(1) & ~torch.isin(material.held.labels, tokens)
    kept = material.held[torch.nonzero(without).flatten()]
    probe = asked_for(prompts(subject, material.held), tokens)
    return Spike(material.planting, material.planting, probe, kept, named, least=0.5, lost=0.05, made=made)


def _tables(subject: Subject) -> list[Tensor]:
    """Embedding and unembedding, once if they are one."""
    found = [embedding(subject)]
    if subject.anatomy.head:
        head = subject.module.get_submodule(subject.anatomy.head[-1])
        if isinstance(head, nn.Linear) and head.weight.data_ptr() != found[0].data_ptr():
            found.append(head.weight)
    return found


@torch.no_grad()
def _unteach(table: Tensor, tokens: Tensor, rng: torch.Generator) -> None:
    middle = table.mean(0)
    away = (table - middle).norm(dim=1).mean() / table.shape[1] ** 0.5
    table[tokens] = middle + SPREAD * away * torch.randn((len(tokens), table.shape[1]), generator=rng)
