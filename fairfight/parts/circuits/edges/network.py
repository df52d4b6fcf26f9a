"""What a transformer is made of, in one form: heads and MLPs that read a stream and add to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.subject.pooling import last_tokens
from fairfight.subject.sequences import SequenceSubject
from fairfight.subject.subject import Subject
from fairfight.subject.transformer import Block, PlainTransformer

if TYPE_CHECKING:
    from fairfight.subject.inputs import Texts

Stream = Float[Tensor, "*copies n tokens d"]


@dataclass(frozen=True)
class Layer:
    """The heads of one layer, and its MLP if it has one."""

    weights: Float[Tensor, "3 heads d inner"]
    """Of queries, keys and values."""
    biases: Float[Tensor, "3 heads inner"]
    out: Float[Tensor, "heads inner d"]
    bias: Float[Tensor, " d"]
    """What attention adds beside its heads."""
    norm: nn.Module
    mlp_norm: nn.Module
    mlp: Callable[[Tensor], Tensor] | None
    causal: bool

    @property
    def heads(self) -> int:
        """How many there are."""
        return len(self.out)

    def attend(self, read: Float[Tensor, "3 n heads tokens inner"]) -> Float[Tensor, "n heads tokens inner"]:
        """What each head takes in, weighted, from its queries, keys and values."""
        q, k, v = read
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        if self.causal:
            scores = scores.masked_fill(~torch.ones_like(scores[0, 0]).tril().bool(), -1e10)
        taken: Tensor = scores.softmax(-1) @ v
        return taken

    def project(self, normed: Float[Tensor, "n tokens d"]) -> Float[Tensor, "3 n heads tokens inner"]:
        """Queries, keys and values where all heads read the same."""
        return torch.einsum("ntd,whde->wnhte", normed, self.weights) + self.biases[:, None, :, None]

    def project_each(self, normed: Float[Tensor, "3 heads n tokens d"]) -> Float[Tensor, "3 n heads tokens inner"]:
        """The same where each reads its own."""
        return torch.einsum("whntd,whde->wnhte", normed, self.weights) + self.biases[:, None, :, None]

    def add(self, taken: Float[Tensor, "n heads tokens inner"]) -> Float[Tensor, "heads n tokens d"]:
        """What each head adds to the stream."""
        return torch.einsum("nhte,hed->hntd", taken, self.out)


@dataclass(frozen=True)
class Network:
    """A transformer whose layers read the stream one after the other."""

    embed: Callable[[Any], Tensor]
    """From inputs to the stream that the first layer reads, [n, tokens, d]."""
    layers: tuple[Layer, ...]
    logits: Callable[[Tensor, Any], Tensor]
    """From the last stream and the inputs to [n, places, outputs]."""

    @classmethod
    def of(cls, subject: SequenceSubject | Subject) -> Network:
        """Take a subject apart: a plain transformer over whole numbers, or a GPT-2.

        Raises:
            UserError: It is neither.
        """
        if isinstance(subject, SequenceSubject) and isinstance(subject.module, PlainTransformer):
            return _plain(subject.module)
        if isinstance(subject, Subject) and subject.anatomy.family == "gpt2" and subject.kind == "causal-lm":
            return _gpt2(subject)
        raise UserError(
            f"{subject.name} cannot be taken apart: give a PlainTransformer, or a causal LM of the gpt2 family."
        )


def _plain(net: PlainTransformer) -> Network:
    def logits(stream: Tensor, _inputs: Any) -> Tensor:
        out: Tensor = net.unembed(net.norm(stream))
        return out[:, slice(*net.reads)]

    def embed(values: Tensor) -> Tensor:
        ids = net.frame(values)
        return net.embed[ids] + net.place[: ids.shape[1]]

    return Network(embed, tuple(_block(cast(Block, block)) for block in net.blocks), logits)


def _block(block: Block) -> Layer:
    weights, biases = torch.stack([block.q, block.k, block.v]), torch.stack([block.bq, block.bk, block.bv])
    up, down = block.up, block.down
    mlp = None if up is None or down is None else lambda x: down(up(x).relu())
    kept = (weights.detach(), biases.detach(), block.o.detach(), block.bo.detach())
    return Layer(*kept, block.norm1, block.norm2, mlp, block.causal)


def _gpt2(subject: Subject) -> Network:
    base = cast(Any, subject.module.get_submodule(subject.anatomy.base))

    def embed(texts: Texts) -> Tensor:
        ids = texts.ids.to(subject.device)
        found: Tensor = base.wte(ids) + base.wpe.weight[: ids.shape[1]]
        return found

    def logits(stream: Tensor, texts: Texts) -> Tensor:
        here = torch.arange(len(stream), device=stream.device)
        return subject.readout(stream[here, last_tokens(texts).to(stream.device)])[:, None]

    return Network(embed, tuple(_gpt2_block(block) for block in base.h), logits)


def _gpt2_block(block: Any) -> Layer:
    attention = block.attn
    heads, d = attention.num_heads, attention.embed_dim
    weights = attention.c_attn.weight.detach().view(d, 3, heads, -1).permute(1, 2, 0, 3)
    biases = attention.c_attn.bias.detach().view(3, heads, -1)
    out = attention.c_proj.weight.detach().view(heads, -1, d)
    return Layer(weights, biases, out, attention.c_proj.bias.detach(), block.ln_1, block.ln_2, block.mlp, True)
