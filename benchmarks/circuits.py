"""Do ways to find circuits find edges that are known, what do they cost, and does scrubbing tell right from wrong?

Run: ``python benchmarks/circuits.py [seeds]``. All compiled programs but ``length``, whose edges carry nothing that
differs between inputs of one length; directions hidden by rotations, 64 pairs of inputs that are decided differently.
Attention is as sure as the compiler makes it (others' weights under 1e-12), and a fifth as sure, where programs are
still exact. Prints means over programs with two-level 95 % intervals, and the cost of EAP in forward passes of a GPT-2
of six blocks of six heads, the least of interleaved rounds. ACDC and edge pruning have one seed: they take minutes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from fairfight.faults.compiled.library import PROGRAMS, CompiledOrganism, CompiledRecipe, build
from fairfight.faults.compiled.rasp import varies
from fairfight.parts.circuits.edges.acdc import acdc_scores
from fairfight.parts.circuits.edges.eap import eap
from fairfight.parts.circuits.edges.eap_ig import eap_ig
from fairfight.parts.circuits.edges.graded import against, random_edges, recovery
from fairfight.parts.circuits.edges.graph import Pairs, Scores
from fairfight.parts.circuits.edges.pruning import pruned
from fairfight.parts.circuits.scrubbing import rewired, scrub
from fairfight.subject import Texts, wrap
from fairfight.verdict.stats.bootstrap import hierarchical_interval

NAMES = [name for name in PROGRAMS if name != "length"]
WAYS: dict[str, Callable[[Pairs, int], Scores]] = {
    "random": lambda pairs, seed: random_edges(pairs.graph, seed),
    "eap": lambda pairs, seed: eap(pairs),
    "eap-ig": lambda pairs, seed: eap_ig(pairs),
    "acdc": lambda pairs, seed: acdc_scores(pairs),
    "edge pruning": lambda pairs, seed: pruned(pairs, share=0.2, seed=seed),
}
CHEAP = ("random", "eap", "eap-ig")
DIFFERENCES = (("eap", "random"), ("eap-ig", "eap"), ("acdc", "eap-ig"), ("edge pruning", "eap-ig"))
MEASURES = ("AUROC", "average precision", "CPR", "CMD", "seconds")


def organism(name: str, seed: int, sure: float) -> CompiledOrganism:
    """A program's network, its attention so many times as sure."""
    found = build(CompiledRecipe(name, turned=True, seed=seed))
    with torch.no_grad():
        for block in found.subject.module.blocks:  # type: ignore[union-attr]
            block.q.mul_(sure)  # type: ignore[union-attr, operator]
    return found


def unlike(made: CompiledOrganism, seed: int, n: int = 64) -> Pairs:
    """Pairs that are decided differently, which some programs seldom are."""
    rng = np.random.default_rng(seed)
    one, other = (torch.from_numpy(rng.integers(0, 3, (1024, 8, 1))) for _ in range(2))
    apart = (made.subject.decide(one) != made.subject.decide(other)).any(1).nonzero().flatten()[:n]
    return Pairs(made.subject, one[apart], other[apart])


def measured(name: str, ways: tuple[str, ...], seed: int, sure: float) -> list[list[float]]:
    """All measures of some ways on one program."""
    made = organism(name, seed, sure)
    pairs = unlike(made, seed)
    carries = {edge: any(varies(op) for op in ops) for edge, ops in made.edges.items()}
    true = pairs.graph.mask([e for e, v in carries.items() if v])
    counted = pairs.graph.possible & ~pairs.graph.mask([e for e, v in carries.items() if not v])
    found = []
    for way in ways:
        start = time.process_time()
        scores = WAYS[way](pairs, seed)
        spent = time.process_time() - start
        known, back = against(scores, true, counted), recovery(pairs, scores)
        found.append([known.auroc, known.precision, back.cpr, back.cmd, spent])
    return found


def line(name: str, values: np.ndarray) -> None:
    """Means with intervals; values are [measures, programs, seeds]."""
    found = hierarchical_interval(values)
    said = [f"{e:+.3f} [{a:+.3f}, {b:+.3f}]" for e, a, b in zip(found.estimate, found.low, found.high, strict=True)]
    print(f"{name:24}" + "  ".join(said), flush=True)


def known_edges(sure: float, ways: tuple[str, ...], seeds: int) -> None:
    """Some ways on each program."""
    print(f"\n{len(NAMES)} programs, {seeds} seeds, attention x {sure}: {', '.join(MEASURES)}")
    values = np.array([[measured(n, ways, s, sure) for s in range(seeds)] for n in NAMES])
    every = dict(zip(ways, values.transpose(2, 3, 0, 1), strict=True))
    for way in ways:
        line(way, every[way])
    for one, other in DIFFERENCES:
        if one in every and other in every:
            line(f"{one} less {other}", (every[one] - every[other])[:4])


def scrubbing() -> None:
    """The program's own hypothesis, one of the same size elsewhere, and it without one edge that matters."""
    rows = []
    for name in NAMES:
        made = organism(name, 0, 1.0)
        values = np.random.default_rng(0).integers(0, 3, (256, 8, 1))
        assert made.subject.answers is not None
        answers, inputs = made.rule(values) - made.subject.answers[0], torch.from_numpy(values)
        right = made.carried(values)
        graph = Pairs(made.subject, inputs, inputs.flip(0)).graph
        less = [
            scrub(made.subject, inputs, answers, {e: x for e, x in right.items() if e != edge}).recovered
            for edge, ops in made.edges.items()
            if any(varies(op) for op in ops)
        ]
        whole = scrub(made.subject, inputs, answers, right).recovered
        rows.append((whole, scrub(made.subject, inputs, answers, rewired(graph, right, 0)).recovered, max(less)))
    for name, column in zip(("right", "rewired", "one edge less, the best"), np.array(rows).T, strict=True):
        print(f"recovered loss, {name:24} mean {column.mean():+.3f}  from {column.min():+.3f} to {column.max():+.3f}")


def cost(rounds: int = 9) -> None:
    """EAP in forward passes over the same inputs, without gradients and with the logits of all places left out."""
    torch.manual_seed(0)
    config = GPT2Config(
        n_layer=6, n_head=6, n_embd=384, vocab_size=5000, n_positions=32, bos_token_id=None, eos_token_id=None
    )
    subject = wrap(GPT2LMHeadModel(config).eval(), "causal-lm", check=False)
    inputs, others = (Texts(torch.randint(1, 5000, (16, 32)), torch.ones(16, 32, dtype=torch.long)) for _ in "ab")

    def plain() -> None:
        with torch.no_grad():
            subject(inputs)

    works: dict[str, Callable[[], object]] = {
        "one forward pass": plain,
        "eap": lambda: eap(Pairs(subject, inputs, others)),
        "eap-ig, 5 steps": lambda: eap_ig(Pairs(subject, inputs, others)),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for i in range(rounds + 1):
        for name, work in works.items():
            start = time.process_time()
            work()
            if i:
                taken[name].append(time.process_time() - start)
    print(f"\nGPT-2 of 6 blocks of 6 heads, 16 texts of 32 tokens, {len(Pairs(subject, inputs, others).graph)} edges")
    for name, times in taken.items():
        print(f"{name:20}{1e3 * min(times):9.1f} ms{min(times) / min(taken['one forward pass']):8.2f} x")


def main(seeds: int = 3) -> None:
    """Print all of it."""
    torch.set_num_threads(1)
    cost()
    scrubbing()
    known_edges(1.0, CHEAP, seeds)
    known_edges(0.2, CHEAP, seeds)
    known_edges(1.0, tuple(WAYS), 1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
