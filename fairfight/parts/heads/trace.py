"""A plain transformer run so that everything inside can be seen, and what a head gives can be exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.subject.transformer import Block, PlainTransformer

Head = tuple[int, int]
"""Layer and number."""


@dataclass(frozen=True)
class Trace:
    """What a run of sequences of one length went through, frame included."""

    outputs: Float[Tensor, "n places outputs"]
    patterns: list[Float[Tensor, "n heads queries keys"]]
    """By layer: where each head looks."""
    taken: list[Float[Tensor, "n heads keys d"]]
    """By layer: what each position would give to who looks at it, in the stream."""
    given: list[Float[Tensor, "n heads queries d"]]
    """By layer: what each head gives."""


@torch.no_grad()
def trace(
    net: PlainTransformer,
    values: Int[Tensor, "n length 1"],
    exchanged: Mapping[Head, Float[Tensor, "n queries d"]] | None = None,
) -> Trace:
    """Run the network.

    Args:
        net: A transformer.
        values: Its inputs.
        exchanged: What some heads give in place of their own.
    """
    ids = net.frame(values)
    x = net.embed[ids] + net.place[: ids.shape[1]]
    patterns, taken, given = [], [], []
    for layer, block in enumerate(net.blocks):
        assert isinstance(block, Block)
        h = block.norm1(x)
        q = torch.einsum("btd,hde->bhte", h, block.q) + block.bq[:, None]
        k = torch.einsum("btd,hde->bhte", h, block.k) + block.bk[:, None]
        scores = q @ k.transpose(-1, -2) / block.scale
        if block.causal:
            scores = scores.masked_fill(~torch.ones_like(scores[0, 0]).tril().bool(), -1e10)
        pattern = scores.softmax(-1)
        v = torch.einsum("btd,hde->bhte", h, block.v) + block.bv[:, None]
        source = torch.einsum("bhte,hed->bhtd", v, block.o)
        out = pattern @ source
        for (where, head), other in (exchanged or {}).items():
            if where == layer:
                out[:, head] = other
        x = x + out.sum(1) + block.bo
        if block.up is not None and block.down is not None:
            x = x + block.down(block.up(block.norm2(x)).relu())
        patterns.append(pattern)
        taken.append(source)
        given.append(out)
    outputs = net.unembed(net.norm(x))[:, slice(*net.reads)]
    return Trace(outputs, patterns, taken, given)
