"""Edges between parts: passes that add up, scores that find known edges, and circuits that still decide."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.compiled.library import PROGRAMS, CompiledOrganism, CompiledRecipe, build
from fairfight.faults.compiled.rasp import varies
from fairfight.parts.circuits.edges.acdc import acdc, acdc_scores
from fairfight.parts.circuits.edges.eap import eap
from fairfight.parts.circuits.edges.eap_ig import eap_ig
from fairfight.parts.circuits.edges.graded import Known, against, random_edges, recovery
from fairfight.parts.circuits.edges.graph import Kept, Pairs, Scores
from fairfight.parts.circuits.edges.network import Network
from fairfight.parts.circuits.edges.pruning import pruned
from fairfight.subject import Subject, Texts
from tests.parts.test_patching import BLOCKS, HEADS, VOCABULARY, transformer

pytestmark = pytest.mark.usefixtures("one_thread")
SHARE = 0.2


def pairs_of(organism: CompiledOrganism, seed: int = 0, n: int = 48) -> Pairs:
    rng = np.random.default_rng(seed)
    inputs, others = (torch.from_numpy(rng.integers(0, 3, (n, 8, 1))) for _ in range(2))
    return Pairs(organism.subject, inputs, others)


@cache
def compiled(name: str) -> tuple[CompiledOrganism, Pairs]:
    organism = build(CompiledRecipe(name, turned=True))
    return organism, pairs_of(organism)


def known(organism: CompiledOrganism, pairs: Pairs) -> tuple[Kept, Kept]:
    """True edges that can tell sequences of one length apart, and those that are asked about."""
    carries = {edge: any(varies(op) for op in ops) for edge, ops in organism.edges.items()}
    true = pairs.graph.mask([e for e, v in carries.items() if v])
    return true, pairs.graph.possible & ~pairs.graph.mask([e for e, v in carries.items() if not v])


def graded(organism: CompiledOrganism, pairs: Pairs, scores: Scores) -> Known:
    return against(scores, *known(organism, pairs))


def gpt2() -> tuple[Subject, Texts, Texts]:
    rng = torch.Generator().manual_seed(3)
    inputs, others = (Texts(torch.randint(1, VOCABULARY, (6, 7), generator=rng), torch.ones(6, 7).long()) for _ in "ab")
    return transformer("gpt2"), inputs, others


def test_a_network_taken_apart_is_the_network() -> None:
    subject, inputs, others = gpt2()
    organism, own = compiled("sort")
    for pairs, logits in (
        (Pairs(subject, inputs, others), subject(inputs)[:, None]),
        (own, organism.subject(own.inputs)),
    ):
        every = pairs.graph.possible
        torch.testing.assert_close(pairs.own, logits.detach(), atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(pairs.patched(every).detach(), pairs.own, atol=1e-3, rtol=1e-3)
        assert pairs.faithfulness(every) == pytest.approx(1.0, abs=1e-3)
        assert pairs.faithfulness(torch.zeros_like(every)) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("name", ["gpt2", "sort"])
def test_eap_is_the_slope_of_the_edges_masks(name: str) -> None:
    """Read in another way: by a pass back through the patched network, which knows nothing of slopes at receivers."""
    pairs = Pairs(*gpt2()) if name == "gpt2" else compiled("histogram")[1]
    mask = pairs.graph.possible.float().requires_grad_()
    (wanted,) = torch.autograd.grad(pairs.margin(pairs.patched(mask)), mask)
    torch.testing.assert_close(eap(pairs), wanted * pairs.graph.possible, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(eap_ig(pairs, steps=1), eap(pairs))


def test_heads_that_write_nothing_have_no_edges() -> None:
    """In a GPT-2 of which one head alone can look back, that head is on every way from what differs to the decision."""
    subject, inputs, others = gpt2()
    with torch.no_grad():
        for i, block in enumerate(subject.module.transformer.h):  # type: ignore[union-attr, arg-type]
            for head in range(HEADS):
                block.attn.c_proj.weight[head * 8 : (head + 1) * 8] *= 200 if (i, head) == (1, 2) else 0
    others = Texts(torch.cat([others.ids[:, :-1], inputs.ids[:, -1:]], 1), inputs.mask)
    pairs = Pairs(subject, inputs, others)
    scores = eap_ig(pairs)
    best = pairs.graph.edges(pairs.graph.strongest(scores, 3))
    assert any("blocks.1.heads.2" in sender for sender, _ in best)
    idle = [k for k, s in enumerate(pairs.graph.senders) if ".heads." in s and s != "blocks.1.heads.2"]
    assert float(scores[:, idle].abs().max()) < 1e-9
    assert len(pairs.graph.senders) == 1 + BLOCKS * (HEADS + 1)


@pytest.mark.parametrize("name", ["reverse", "histogram", "sort", "parity"])
def test_known_edges_are_found(name: str) -> None:
    organism, pairs = compiled(name)
    assert pairs.faithfulness(pairs.graph.mask(organism.edges)) == pytest.approx(1.0, abs=1e-3)
    assert graded(organism, pairs, eap_ig(pairs)).auroc > 0.85
    true, counted = known(organism, pairs)
    assert torch.equal(acdc(pairs, 1e-3) & counted, true)


@pytest.mark.slow
def test_edge_pruning_keeps_what_is_needed() -> None:
    organism, pairs = compiled("reverse")
    scores = pruned(pairs, share=SHARE, steps=120)
    assert graded(organism, pairs, scores).auroc == 1.0
    assert pairs.faithfulness(scores > 0.5) > 0.9
    assert torch.equal(scores, pruned(pairs, share=SHARE, steps=120)), "the same seed gives the same masks"


def test_circuits_of_the_best_edges_decide_sooner_than_others() -> None:
    _, pairs = compiled("sort")
    best, chance = recovery(pairs, eap_ig(pairs)), recovery(pairs, random_edges(pairs.graph, 1))
    assert best.faithful[0] == pytest.approx(0.0, abs=1e-3)
    assert best.faithful[-1] == pytest.approx(1.0, abs=1e-3)
    assert best.cpr > chance.cpr + 0.2
    assert best.cmd < chance.cmd - 0.2


def test_ties_count_half() -> None:
    scores, true = torch.tensor([[0.0, 0.0, 3.0, -2.0]]), torch.tensor([[True, False, True, False]])
    every = torch.ones_like(true)
    assert against(scores, true, every) == Known(0.625, 0.75)
    assert against(torch.zeros(1, 4), true, every) == Known(0.5, 0.5)


def test_what_a_user_may_get_wrong() -> None:
    organism, pairs = compiled("sort")
    with pytest.raises(UserError, match="taken apart"):
        Network.of(transformer("llama"))
    with pytest.raises(UserError, match="same number and length"):
        Pairs(organism.subject, pairs.inputs, pairs.inputs[:, :5])
    with pytest.raises(UserError, match="decided alike"):
        Pairs(organism.subject, pairs.inputs, pairs.inputs)
    with pytest.raises(UserError, match="end of an edge"):
        pairs.graph.mask([("embed", "blocks.9.mlp")])
    with pytest.raises(UserError, match="shallow to deep"):
        pairs.graph.mask([("blocks.1.mlp", "blocks.0.mlp")])


@pytest.mark.slow
def test_integrated_gradients_find_no_fewer_known_edges_than_slopes_and_both_more_than_chance() -> None:
    """Hanna et al. 2024 and MIB (Mueller et al. 2025), on edges that are known: EAP-IG ≥ EAP > random."""
    found: dict[str, list[float]] = {"random": [], "eap": [], "eap-ig": [], "acdc": []}
    for name in set(PROGRAMS) - {"length"}:
        organism, pairs = compiled(name)
        every = {"random": random_edges(pairs.graph, 0), "eap": eap(pairs), "eap-ig": eap_ig(pairs)}
        if len(pairs.graph) < 50:
            every["acdc"] = acdc_scores(pairs, (1e-3, 1e-1))
        for way, scores in every.items():
            found[way].append(graded(organism, pairs, scores).auroc)
    chance, slopes, integrated, dropped = (float(np.mean(v)) for v in found.values())
    assert len(found["eap"]) >= 12
    assert integrated >= slopes > chance + 0.2
    assert dropped > 0.99
