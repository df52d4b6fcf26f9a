"""Causal scrubbing (Chan et al. 2022): how much of its loss a network keeps when a hypothesis is taken at its word.

A hypothesis says which edges matter, and what each of them carries: a number for each input at each token, the same
where it claims that nothing else counts. What an edge carries is then taken from another input with the same number,
drawn anew for each edge and each token; what is on an edge that the hypothesis leaves out, from any other input. A
sender that was itself fed by what was exchanged passes that on, so that wrong claims add up along a way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.circuits.edges.graph import Edge, Graph, Trace
from fairfight.parts.circuits.edges.network import Network
from fairfight.seeds import numpy_rng
from fairfight.subject.sequences import SequenceSubject
from fairfight.subject.subject import Subject

Hypothesis = Mapping[Edge, Int[np.ndarray, "n tokens"]]
"""For each edge that matters, what it carries of each input at each token, the frame included."""


@dataclass(frozen=True)
class Scrubbed:
    """What is left of a network under a hypothesis."""

    recovered: float
    """1 where it answers as well as the network itself, 0 where as if inputs were exchanged at random."""
    loss: float
    """Cross entropy of the right answers, in nats."""
    own: float
    """The network's own."""
    chance: float
    """With inputs exchanged at random."""


@torch.no_grad()
def scrub(
    subject: SequenceSubject | Subject,
    inputs: Any,
    answers: Int[np.ndarray, "n places"],
    hypothesis: Hypothesis,
    *,
    seed: int = 0,
) -> Scrubbed:
    """Exchange all that a hypothesis says may be exchanged.

    Costs about as much as a pass, and a copy of every activation for every edge.

    Args:
        subject: What :meth:`Network.of` takes.
        inputs: Of one length; the more there are, the more there is to exchange.
        answers: The right ones, as numbers of the outputs.
        hypothesis: What matters. Edges that it leaves out carry nothing.
        seed: Draws what is exchanged.

    Raises:
        UserError: There is no such edge, what it carries is not said for each input and token, or answers do not
            depend on the inputs.
    """
    network = Network.of(subject)
    graph = Graph.of(network)
    graph.mask(hypothesis)
    stream = network.embed(inputs)
    for edge, carried in hypothesis.items():
        if carried.shape != stream.shape[:2]:
            raise UserError(
                f"What {edge[0]} carries to {edge[1]} must be a number for each of {list(stream.shape[:2])}."
            )
    sent, read = [stream], _Reader(graph, hypothesis, stream, seed)
    for i, layer in enumerate(network.layers):
        heads = range(layer.heads)
        normed = [layer.norm(read(f"blocks.{i}.heads.{h}.{part}", sent)) for part in "qkv" for h in heads]
        projected = layer.project_each(torch.stack(normed).unflatten(0, (3, layer.heads)))
        sent += layer.add(layer.attend(projected)).unbind(0)
        read.base = read.base + layer.bias
        if layer.mlp is not None:
            sent.append(layer.mlp(layer.mlp_norm(read(f"blocks.{i}.mlp", sent))))
    logits = network.logits(read("logits", sent), inputs)
    own = Trace(network, inputs).logits
    right = torch.from_numpy(np.asarray(answers))
    other = torch.from_numpy(numpy_rng(seed, "scrubbing", "chance").permutation(len(own)))
    losses = [_loss(x, right) for x in (logits, own, own[other])]
    if losses[2] <= losses[1]:
        raise UserError(
            "Exchanging inputs at random costs nothing: give inputs with different answers, and the right ones."
        )
    return Scrubbed((losses[2] - losses[0]) / (losses[2] - losses[1]), *losses)


def rewired(graph: Graph, hypothesis: Hypothesis, seed: int) -> dict[Edge, Int[np.ndarray, "n tokens"]]:
    """A wrong hypothesis of the same size: each reader has as many edges, from others where there are others.

    Edges carry what the right ones carried.
    """
    rng = numpy_rng(seed, "rewired")
    found: dict[Edge, Int[np.ndarray, "n tokens"]] = {}
    for receiver in dict.fromkeys(r for _, r in hypothesis):
        true = [s for s, r in hypothesis if r == receiver]
        row = graph.possible[graph.receivers.index(receiver)].tolist()
        others = [s for s, may in zip(graph.senders, row, strict=True) if may and s not in true]
        drawn = [others[k] for k in rng.permutation(len(others))[: len(true)]]
        for old, new in zip(true, [*drawn, *true][: len(true)], strict=True):
            found[new, receiver] = hypothesis[old, receiver]
    return found


class _Reader:
    """What each receiver reads, exchanged as far as a hypothesis allows."""

    def __init__(self, graph: Graph, hypothesis: Hypothesis, stream: Float[Tensor, "n tokens d"], seed: int) -> None:
        self._graph, self._hypothesis, self._seed = graph, hypothesis, seed
        self._n, self._places = len(stream), torch.arange(stream.shape[1])
        self.base = torch.zeros_like(stream[0, 0])
        """What attention adds beside its heads."""

    def __call__(self, receiver: str, sent: list[Tensor]) -> Float[Tensor, "n tokens d"]:
        total = self.base.expand_as(sent[0])
        for sender, added in zip(self._graph.senders, sent, strict=False):
            total = total + added[self._exchanged((sender, receiver)), self._places]
        return total

    def _exchanged(self, edge: Edge) -> Int[Tensor, "n tokens"]:
        """From which input each input gets what is on an edge, at each token."""
        rng = numpy_rng(self._seed, "scrubbing", *edge)
        carried = self._hypothesis.get(edge)
        if carried is None:
            return torch.from_numpy(rng.permutation(self._n))[:, None].expand(-1, len(self._places))
        one, other = (np.lexsort((rng.random(carried.shape), carried), axis=0) for _ in range(2))
        found = np.empty_like(one)
        np.put_along_axis(found, one, other, axis=0)
        return torch.from_numpy(found)


def _loss(logits: Float[Tensor, "n places outputs"], right: Int[Tensor, "n places"]) -> float:
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), right.flatten()).item()
