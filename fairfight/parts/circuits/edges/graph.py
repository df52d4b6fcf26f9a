"""The graph of edges between a transformer's parts, and its passes with any of them taken from other inputs.

Embeddings, heads and MLPs send what they add to the stream; queries, keys and values of each head, MLPs and the logits
receive it, each on an edge of its own from every sender before. Edges that are not kept carry what the sender does on
other inputs (path patching, Goldowsky-Dill et al. 2023).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from fairfight.errors import UserError, unknown
from fairfight.parts.circuits.edges.network import Network
from fairfight.subject.sequences import SequenceSubject
from fairfight.subject.subject import Subject

Edge = tuple[str, str]
"""What sends and what receives: ``("embed", "blocks.0.heads.1.q")``, ``("blocks.0.mlp", "logits")``."""
Scores = Float[Tensor, "receivers senders"]
Kept = Bool[Tensor, "receivers senders"]
Sent = Float[Tensor, "senders n tokens d"]


@dataclass(frozen=True)
class Graph:
    """All edges that a network has."""

    senders: tuple[str, ...]
    """Shallow to deep."""
    receivers: tuple[str, ...]
    possible: Kept
    """Which receiver comes after which sender."""

    @classmethod
    def of(cls, network: Network) -> Graph:
        """The graph of a network."""
        senders, receivers, before = ["embed"], [], []
        for i, layer in enumerate(network.layers):
            names = [f"blocks.{i}.heads.{h}" for h in range(layer.heads)]
            slots = [f"{name}.{part}" for part in "qkv" for name in names]
            receivers += slots
            before += [len(senders)] * len(slots)
            senders += names
            if layer.mlp is not None:
                receivers.append(f"blocks.{i}.mlp")
                before.append(len(senders))
                senders.append(f"blocks.{i}.mlp")
        possible = torch.arange(len(senders)) < torch.tensor([*before, len(senders)])[:, None]
        return cls(tuple(senders), (*receivers, "logits"), possible)

    def __len__(self) -> int:
        return int(self.possible.sum())

    def mask(self, edges: Iterable[Edge]) -> Kept:
        """Edges as a table.

        Raises:
            UserError: There is no such edge.
        """
        found = torch.zeros_like(self.possible)
        for sender, receiver in edges:
            if receiver not in self.receivers or sender not in self.senders:
                raise unknown("end of an edge", sender if receiver in self.receivers else receiver,
                              {*self.senders, *self.receivers})  # fmt: skip
            found[self.receivers.index(receiver), self.senders.index(sender)] = True
        if bool((found & ~self.possible).any()):
            raise UserError("An edge leads from a part to one before it: give edges that run from shallow to deep.")
        return found

    def edges(self, kept: Kept) -> list[Edge]:
        """A table as edges, shallow to deep."""
        return [(self.senders[s], self.receivers[r]) for r, s in (kept & self.possible).nonzero().tolist()]

    def strongest(self, scores: Scores, many: int) -> Kept:
        """So many edges, those with the largest scores by size; of equals the shallower."""
        size = scores.abs().masked_fill(~self.possible, -1.0).flatten()
        found = torch.zeros_like(self.possible).flatten()
        found[size.argsort(descending=True, stable=True)[: min(many, len(self))]] = True
        return found.view_as(self.possible)


class Trace:
    """One pass: what was sent, the logits, and with gradients what each receiver read."""

    def __init__(self, network: Network, inputs: Any, start: Float[Tensor, "n tokens d"] | None = None) -> None:
        """Run a network in the ambient grad mode, from another stream than the inputs' if one is given."""
        self.network = network
        x = network.embed(inputs) if start is None else start
        if torch.is_grad_enabled():
            x = x.detach().requires_grad_()
        sent = [x.detach()[None]]
        self._reads: list[Tensor] = []
        self._at: list[tuple[nn.Module, Tensor, Tensor | None]] = []
        for layer in network.layers:
            read = layer.project(layer.norm(x))
            added = layer.add(layer.attend(read))
            self._note(read, layer.norm, x, layer.weights)
            sent.append(added.detach())
            x = x + added.sum(0) + layer.bias
            if layer.mlp is not None:
                normed = layer.mlp_norm(x).view_as(x)  # a tensor of its own, also where nothing is normalised
                self._note(normed, layer.mlp_norm, x, None)
                out = layer.mlp(normed)
                sent.append(out.detach()[None])
                x = x + out
        self._last = x
        self.logits = network.logits(x, inputs)
        self.sent: Sent = torch.cat(sent)

    def _note(self, read: Tensor, norm: nn.Module, x: Tensor, weights: Tensor | None) -> None:
        self._reads.append(read)
        self._at.append((norm, x.detach(), weights))

    def slopes(self, measure: Float[Tensor, ""]) -> Float[Tensor, "receivers n tokens d"]:
        """The slope of a measure for what each receiver reads, by one pass back."""
        found = torch.autograd.grad(measure, [*self._reads, self._last])
        every = []
        for slope, (norm, x, weights) in zip(found, self._at, strict=False):
            if weights is not None:
                slope = torch.einsum("wnhte,whde->whntd", slope, weights).flatten(0, 1)
            else:
                slope = slope[None]
            every.append(_through(norm, x, slope))
        return torch.cat([*every, found[-1][None]])


def _through(norm: nn.Module, x: Float[Tensor, "n tokens d"], slope: Float[Tensor, "r n tokens d"]) -> Tensor:
    """Slopes behind a normalisation as slopes before it."""
    if isinstance(norm, nn.Identity):
        return slope
    with torch.enable_grad():
        wide = x.expand_as(slope).requires_grad_()
        return torch.autograd.grad(norm(wide), wide, slope)[0]


class Pairs:
    """Inputs, and others of the same shape from which edges that are not kept are taken."""

    def __init__(self, subject: SequenceSubject | Subject, inputs: Any, others: Any) -> None:
        """Run a subject on both.

        Args:
            subject: What :meth:`Network.of` takes.
            inputs: What it decides on.
            others: As many of the same length, of which some at least are decided otherwise.

        Raises:
            UserError: The two sets do not match, or are decided alike.
        """
        self.network, self.inputs = Network.of(subject), inputs
        self.graph = Graph.of(self.network)
        with torch.no_grad():
            other = Trace(self.network, others)
        with torch.enable_grad():
            self.trace = Trace(self.network, inputs)
        if other.sent.shape != self.trace.sent.shape:
            raise UserError("Edges are taken from other inputs of the same number and length: give each its other.")
        self.others: Sent = other.sent
        self.own = self.trace.logits.detach()
        self.answers: Int[Tensor, "n places"] = self.own.argmax(-1)
        self.instead: Int[Tensor, "n places"] = other.logits.argmax(-1)
        self.decided = self.answers != self.instead
        if not bool(self.decided.any()):
            raise UserError("Inputs and others are all decided alike: give others that change what is decided.")
        self.floor = self.margin(other.logits).item()
        self.whole = self.margin(self.own).item()

    def margin(self, logits: Float[Tensor, "n places outputs"]) -> Float[Tensor, ""]:
        """How much more logits speak for what is decided on the inputs than on the others, where these differ."""
        apart = logits.gather(-1, self.answers[..., None]) - logits.gather(-1, self.instead[..., None])
        return apart[..., 0][self.decided].mean()

    def divergence(self, logits: Float[Tensor, "n places outputs"]) -> Float[Tensor, ""]:
        """How far logits are from the network's own (Kullback & Leibler 1951), a mean over places, in nats."""
        own = self.own.log_softmax(-1)
        return (own.exp() * (own - logits.log_softmax(-1))).sum(-1).mean()

    def patched(self, kept: Kept | Scores) -> Float[Tensor, "n places outputs"]:
        """Logits where each edge carries so much of its own, and the rest of what it carries on the others.

        Args:
            kept: Between 0 and 1, or true and false.
        """
        taken = 1 - kept.to(self.others.dtype)
        x = self.network.embed(self.inputs)
        away, row = [self.others[:1] - x], 0
        for layer in self.network.layers:
            slots = 3 * layer.heads
            read = self._received(x, away, taken[row : row + slots])
            read = layer.norm(read).unflatten(0, (3, layer.heads))
            added = layer.add(layer.attend(layer.project_each(read)))
            x, row = x + added.sum(0) + layer.bias, row + slots
            self._send(away, added)
            if layer.mlp is not None:
                out = layer.mlp(layer.mlp_norm(self._received(x, away, taken[row : row + 1])))
                x, row = x + out[0], row + 1
                self._send(away, out)
        return self.network.logits(self._received(x, away, taken[row:])[0], self.inputs)

    def _send(self, away: list[Tensor], added: Sent) -> None:
        """Note how far what parts add is from what they add on the others."""
        first = sum(len(a) for a in away)
        away.append(self.others[first : first + len(added)] - added)

    @staticmethod
    def _received(x: Tensor, away: list[Tensor], taken: Float[Tensor, "r senders"]) -> Float[Tensor, "r n tokens d"]:
        """What some receivers read."""
        every = torch.cat(away)
        return x + (taken[:, : len(every)] @ every.flatten(1)).view(-1, *x.shape)

    @torch.no_grad()
    def faithfulness(self, kept: Kept) -> float:
        """How much of the margin a circuit has: 1 for the whole network, 0 for no edges at all (Wang et al. 2023)."""
        return (float(self.margin(self.patched(kept))) - self.floor) / (self.whole - self.floor)

    @cached_property
    def slopes(self) -> Float[Tensor, "receivers n tokens d"]:
        """The margin's slope for what each receiver reads on the inputs."""
        return self.trace.slopes(self.margin(self.trace.logits))

    def effects(self, slopes: Float[Tensor, "receivers n tokens d"]) -> Scores:
        """What the margin would lose by each edge, to first order."""
        found = slopes.flatten(1) @ (self.trace.sent - self.others).flatten(1).T
        return found.masked_fill(~self.graph.possible, 0.0)
