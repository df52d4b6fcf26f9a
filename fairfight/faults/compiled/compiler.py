"""From a program to the weights of a transformer, exactly (after Tracr, Lindner et al. 2023).

Every operation has directions of its own in the stream: one for each value, or one for a mean. A selection is a head
whose scores are the predicate's table; it attends to a first token where it selects nothing. Maps are ReLUs: one for
each value, each pair of values, or two for each step of a mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise, product

import torch
from torch import Tensor

from fairfight.faults.compiled.rasp import Indices, Map, Mean, Op, Pick, Select, Tokens, Width
from fairfight.subject.transformer import Block, PlainTransformer

SHARP = 60.0
"""What a selected position scores: the others' weights are under 1e-12."""
LOUD = 10.0
"""What a logit is multiplied by."""
ONE, FIRST = 0, 1
"""Directions that are 1 everywhere, and 1 at the first token."""


@dataclass
class Plan:
    """Where everything goes."""

    order: list[Op]
    """Every operation, inputs first."""
    where: dict[Op, slice] = field(default_factory=dict)
    """Its directions."""
    scalar: dict[Op, int] = field(default_factory=dict)
    """The direction that holds the share of the first token, for a width."""
    ready: dict[Op, int] = field(default_factory=dict)
    """After which half-layer it is there: even ones are attention; -1 is the embedding."""
    width: int = 2

    def heads(self, layer: int) -> list[Pick | Mean | Width]:
        """The operations that attention computes in a layer."""
        return [
            op
            for op in self.order
            if isinstance(op, (Pick, Mean, Width)) and self.ready[op] - isinstance(op, Width) == 2 * layer
        ]

    def maps(self, layer: int) -> list[Map | Width]:
        """The operations that the ReLUs of a layer compute."""
        return [op for op in self.order if isinstance(op, (Map, Width)) and self.ready[op] == 2 * layer + 1]

    @property
    def layers(self) -> int:
        """How many there are."""
        return max(max(self.ready.values()) // 2 + 1, 1)

    def homes(self) -> dict[Op, str]:
        """The component that puts each operation into the stream."""
        found: dict[Op, str] = {op: "embed" for op in self.order if isinstance(op, (Tokens, Indices))}
        found |= {op: f"blocks.{self.ready[op] // 2}.mlp" for op in self.order if isinstance(op, (Map, Width))}
        for layer in range(self.layers):
            for h, head in enumerate(self.heads(layer)):
                if not isinstance(head, Width):
                    found[head] = f"blocks.{layer}.heads.{h}"
        return found

    def edges(self) -> dict[tuple[str, str], tuple[Op, ...]]:
        """Which component reads from which, and what operations.

        Those that read are queries (``blocks.0.heads.1.q``), keys and values of heads, ReLU layers, and ``logits``.
        From the head that measures a width, the ReLUs read that width.
        """
        home, found = self.homes(), dict[tuple[str, str], list[Op]]()

        def read(op: Op, source: str, reader: str) -> None:
            ops = found.setdefault((source, reader), [])
            if op not in ops:
                ops.append(op)

        for layer in range(self.layers):
            for h, head in enumerate(self.heads(layer)):
                name = f"blocks.{layer}.heads.{h}"
                for part, op in zip("kqv", head.inputs, strict=False):
                    read(op, home[op], f"{name}.{part}")
                if isinstance(head, Width):
                    read(head, name, home[head])
            for op in self.maps(layer):
                for arg in op.inputs if isinstance(op, Map) else ():
                    read(arg, home[arg], home[op])
        read(self.order[-1], home[self.order[-1]], "logits")
        return {edge: tuple(ops) for edge, ops in found.items()}

    def circuit(self) -> dict[str, tuple[str, ...]]:
        """Components (heads, ReLU layers, the embedding), and from which others each reads."""
        reads: dict[str, set[str]] = {}
        for source, reader in self.edges():
            if reader != "logits":
                reads.setdefault(reader[:-2] if reader[-2:] in (".q", ".k", ".v") else reader, set()).add(source)
        return {name: tuple(sorted(sources)) for name, sources in reads.items()}


def planned(op: Op) -> Plan:
    """Directions and layers for an operation and all that it needs."""
    order: list[Op] = []

    def visit(one: Op) -> None:
        if one not in order:
            for a in one.inputs:
                visit(a)
            order.append(one)

    visit(op)
    plan = Plan(order)
    for one in order:
        size = 1 if isinstance(one, Mean) else len(one.domain)
        plan.where[one] = slice(plan.width, plan.width + size)
        plan.width += size
        if isinstance(one, Width):
            plan.scalar[one] = plan.width
            plan.width += 1
        latest = max((plan.ready[a] for a in one.inputs), default=-1)
        if isinstance(one, Map):
            plan.ready[one] = latest + 1 + latest % 2 if latest % 2 else latest + 1
        elif isinstance(one, (Pick, Mean, Width)):
            plan.ready[one] = latest + 1 + (latest + 1) % 2 + isinstance(one, Width)
        else:
            plan.ready[one] = -1
    return plan


@torch.no_grad()
def compiled(op: Op, tokens: int, longest: int) -> tuple[PlainTransformer, Plan]:
    """The transformer that computes a categorical operation.

    Args:
        op: What is computed.
        tokens: Number of input tokens.
        longest: Sequence.

    Returns:
        The network, whose logits at each position are those of the whole numbers from the least of the operation's
        values to the largest, and the plan it was built on.
    """
    plan = planned(op)
    built = [_relus(plan, plan.maps(layer)) for layer in range(plan.layers)]
    every = [h for layer in range(plan.layers) for h in plan.heads(layer)]
    low, high = int(op.domain[0]), int(op.domain[-1])
    net = PlainTransformer(
        vocabulary=tokens + 1,
        length=longest + 1,
        width=plan.width,
        layers=plan.layers,
        heads=max([len(plan.heads(layer)) for layer in range(plan.layers)] + [1]),
        d_head=max([max(len(h.select.queries.domain) + 1, len(h.domain)) for h in every] + [1]),
        hidden=max(len(b) for b in built) or 1,
        outputs=high - low + 1,
        before=(tokens,),
        reads=(1, None),
    )
    _embed(net, plan, tokens)
    for layer, block in enumerate(net.blocks):
        assert isinstance(block, Block)
        for h, one in enumerate(plan.heads(layer)):
            _attend(block, h, plan, one)
        _fill(block, built[layer])
    net.unembed.weight.zero_()
    net.unembed.bias.zero_()
    for i, v in enumerate(op.domain):
        net.unembed.weight[int(v) - low, plan.where[op].start + i] = LOUD
    return net.eval(), plan


def _embed(net: PlainTransformer, plan: Plan, tokens: int) -> None:
    net.embed[:, ONE] = 1
    net.embed[tokens, FIRST] = 1
    for op in plan.order:
        at = plan.where[op].start
        if isinstance(op, Tokens):
            net.embed[:tokens, plan.where[op]] = torch.eye(tokens)
        elif isinstance(op, Indices):
            net.place[1:, plan.where[op]] = torch.eye(len(op.domain))
        elif isinstance(op, Pick):
            # At the first token a head takes in what it takes where it selects nothing; here that comes to nothing.
            net.embed[tokens, at + op.domain.index(op.default)] = -1
        elif isinstance(op, Width):
            net.embed[tokens, plan.scalar[op]] = -1


def _attend(block: Block, h: int, plan: Plan, op: Pick | Mean | Width) -> None:
    """A head's weights: queries in the values of the queries, keys with the predicate's table."""
    select: Select = op.select
    queries, keys = select.queries.domain, select.keys.domain
    for j, q in enumerate(queries):
        block.q[h, plan.where[select.queries].start + j, j] = SHARP * block.scale
        for i, k in enumerate(keys):
            block.k[h, plan.where[select.keys].start + i, j] = float(select.predicate(int(k), int(q)))
    block.q[h, ONE, len(queries)] = SHARP * block.scale
    block.k[h, FIRST, len(queries)] = 1.0 if isinstance(op, Width) else 0.5
    if isinstance(op, Width):
        block.v[h, FIRST, 0] = 1
        block.o[h, 0, plan.scalar[op]] = 1
    elif isinstance(op, Mean):
        block.v[h, plan.where[op.of].start + 1, 0] = 1
        block.o[h, 0, plan.where[op].start] = 1
    else:
        for i, v in enumerate(op.of.domain):
            block.v[h, plan.where[op.of].start + i, op.domain.index(v)] = 1
        block.v[h, FIRST, op.domain.index(op.default)] = 1
        for i in range(len(op.domain)):
            block.o[h, i, plan.where[op].start + i] = 1


@dataclass(frozen=True)
class Relu:
    """One unit: what it reads, its bias, and what it writes."""

    reads: dict[int, float]
    bias: float
    writes: dict[int, float]


def _relus(plan: Plan, ops: list[Map | Width]) -> list[Relu]:
    return [unit for op in ops for unit in _units(plan, op)]


def _units(plan: Plan, op: Map | Width) -> list[Relu]:
    to, names = plan.where[op].start, op.domain
    if isinstance(op, Width):
        shares = [Fraction(1, w + 1) for w in reversed(op.domain)]
        return _steps(plan.scalar[op], shares, [to + i for i in reversed(range(len(op.domain)))])
    if len(op.args) == 2:
        a, b = op.args
        return [
            Relu(
                {plan.where[a].start + i: 1, plan.where[b].start + j: 1}, -1.0, {to + names.index(op.function(v, w)): 1}
            )
            for (i, v), (j, w) in product(enumerate(a.domain), enumerate(b.domain))
        ]
    a = op.args[0]
    if isinstance(a, Mean):
        return _steps(plan.where[a].start, list(a.domain), [to + names.index(op.function(v)) for v in a.domain])
    return [
        Relu({plan.where[a].start + i: 1}, 0.0, {to + names.index(op.function(v)): 1}) for i, v in enumerate(a.domain)
    ]


def _steps(source: int, values: Sequence[int | Fraction], targets: list[int]) -> list[Relu]:
    """Units that turn a number, one of ascending values, into the direction that belongs to it."""
    units = [Relu({ONE: 1, FIRST: -1}, 0.0, {targets[0]: 1})]
    for (a, b), (old, new) in zip(pairwise(values), pairwise(targets), strict=True):
        if old == new:
            continue
        steep, middle = 2 / float(b - a), float(a + b) / 2
        for offset, sign in ((0.5, 1.0), (-0.5, -1.0)):
            reads = {source: steep, FIRST: -2 * steep - 1}
            units.append(Relu(reads, offset - steep * middle, {new: sign, old: -sign}))
    return units


def _fill(block: Block, units: list[Relu]) -> None:
    assert block.up is not None
    assert block.down is not None
    for p in (*block.up.parameters(), *block.down.parameters()):
        p.zero_()
    for i, unit in enumerate(units):
        for j, w in unit.reads.items():
            block.up.weight[i, j] = w
        block.up.bias[i] = unit.bias
        for j, w in unit.writes.items():
            block.down.weight[j, i] += w


@torch.no_grad()
def hidden(net: PlainTransformer, rng: torch.Generator, noise: float = 0.0) -> None:
    """Turn the stream and every head's inner space at random, and mix up the ReLUs: the same function in other words.

    Args:
        net: Changed in place.
        rng: Draws the rotations.
        noise: Standard deviation of what is added to every weight, as a share of the matrix' own root mean square.
    """
    width = net.embed.shape[1]
    turn = _rotation(width, rng)
    for p in (net.embed, net.place):
        p.copy_(p @ turn)
    net.unembed.weight.copy_(net.unembed.weight @ turn)
    for block in net.blocks:
        assert isinstance(block, Block)
        for h in range(len(block.q)):
            inner, outer = (_rotation(block.q.shape[2], rng) for _ in range(2))
            for p, own in ((block.q, inner), (block.k, inner), (block.v, outer)):
                p[h] = turn.T @ p[h] @ own
            block.o[h] = outer.T @ block.o[h] @ turn
        assert block.up is not None
        assert block.down is not None
        mixed = torch.randperm(len(block.up.bias), generator=rng)
        block.up.weight.copy_((block.up.weight @ turn)[mixed])
        block.up.bias.copy_(block.up.bias[mixed])
        block.down.weight.copy_((turn.T @ block.down.weight)[:, mixed])
    if noise:
        for p in net.parameters():
            p.add_(noise * p.square().mean().sqrt() * torch.randn(p.shape, generator=rng))


def _rotation(n: int, rng: torch.Generator) -> Tensor:
    q, r = torch.linalg.qr(torch.randn((n, n), generator=rng, dtype=torch.float64))
    turned: Tensor = (q * r.diagonal().sign()).float()
    return turned
