"""A plain transformer over whole numbers, small enough to read: for compiled weights, and for nets that others trained.

Sites: ``blocks.i.heads`` (what each head takes in, weighted), ``blocks.i.attn_out``, ``blocks.i.mlp_out``,
``blocks.i.resid_post``, as in :mod:`fairfight.subject.sites`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class Block(nn.Module):
    """Attention, then a layer of ReLUs where there is one; both are added to the stream."""

    def __init__(self, width: int, heads: int, d_head: int, hidden: int, *, norm: bool, causal: bool) -> None:
        """See :class:`PlainTransformer`."""
        super().__init__()
        self.causal, self.scale = causal, d_head**0.5
        self.q, self.k, self.v = (nn.Parameter(torch.zeros(heads, width, d_head)) for _ in range(3))
        self.bq, self.bk, self.bv = (nn.Parameter(torch.zeros(heads, d_head)) for _ in range(3))
        self.o, self.bo = nn.Parameter(torch.zeros(heads, d_head, width)), nn.Parameter(torch.zeros(width))
        self.norm1, self.norm2 = (nn.LayerNorm(width) if norm else nn.Identity() for _ in range(2))
        self.up = nn.Linear(width, hidden) if hidden else None
        self.down = nn.Linear(hidden, width) if hidden else None
        self.heads, self.attn_out, self.mlp_out, self.resid_post = (nn.Identity() for _ in range(4))

    def forward(
        self, x: Float[Tensor, "n tokens d"], seen: Int[Tensor, "n tokens"] | None
    ) -> Float[Tensor, "n tokens d"]:
        """The stream after the block; positions that are not ``seen`` are attended to by none."""
        h = self.norm1(x)
        q, k, v = (
            torch.einsum("btd,hde->bhte", h, w) + b[:, None]
            for w, b in ((self.q, self.bq), (self.k, self.bk), (self.v, self.bv))
        )
        scores = q @ k.transpose(-1, -2) / self.scale
        if self.causal:
            scores = scores.masked_fill(~torch.ones_like(scores[0, 0]).tril().bool(), -1e10)
        if seen is not None:
            scores = scores.masked_fill(seen[:, None, None] == 0, -1e10)
        taken = self.heads((scores.softmax(-1) @ v).transpose(1, 2)).transpose(1, 2)
        x = x + self.attn_out(torch.einsum("bhte,hed->btd", taken, self.o) + self.bo)
        if self.up is not None and self.down is not None:
            x = x + self.mlp_out(self.down(self.up(self.norm2(x)).relu()))
        out: Tensor = self.resid_post(x)
        return out


class PlainTransformer(nn.Module):
    """Embeddings of tokens and positions, blocks, an unembedding; inputs are framed by fixed tokens."""

    def __init__(
        self,
        *,
        vocabulary: int,
        length: int,
        width: int,
        layers: int,
        heads: int,
        d_head: int,
        hidden: int,
        outputs: int,
        norm: bool = False,
        causal: bool = False,
        before: Sequence[int] = (),
        after: Sequence[int] = (),
        shift: int = 0,
        reads: tuple[int, int | None] = (0, None),
    ) -> None:
        """An empty network: all weights of attention are 0.

        Args:
            vocabulary: Number of tokens.
            length: Longest sequence, frame included.
            width: Of the stream.
            layers: Blocks.
            heads: Of each block.
            d_head: Of queries, keys and values.
            hidden: ReLUs of a block; 0 for none.
            outputs: At each position that is read.
            norm: Whether layers are normalised.
            causal: Whether a position sees only those before it.
            before: Tokens put before the inputs.
            after: Tokens put after them.
            shift: What is added to an input to make it a token.
            reads: Which positions give outputs, frame included: from, to.
        """
        super().__init__()
        self.before, self.after, self.shift, self.reads = tuple(before), tuple(after), shift, reads
        self.embed = nn.Parameter(torch.zeros(vocabulary, width))
        self.place = nn.Parameter(torch.zeros(length, width))
        self.blocks = nn.ModuleList(
            Block(width, heads, d_head, hidden, norm=norm, causal=causal) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width) if norm else nn.Identity()
        self.unembed = nn.Linear(width, outputs)

    def frame(self, values: Int[Tensor, "n length 1"]) -> Int[Tensor, "n tokens"]:
        """Inputs as tokens, with the frame."""
        n = len(values)
        sides = [torch.tensor(s, dtype=torch.long).expand(n, -1) for s in (self.before, self.after)]
        return torch.cat([sides[0], values[..., 0] + self.shift, sides[1]], 1)

    def tokens(
        self, ids: Int[Tensor, "n tokens"], seen: Int[Tensor, "n tokens"] | None = None
    ) -> Float[Tensor, "n tokens outputs"]:
        """Outputs at all positions of framed tokens."""
        x = self.embed[ids] + self.place[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, seen)
        out: Tensor = self.unembed(self.norm(x))
        return out

    def forward(self, values: Int[Tensor, "n length 1"]) -> Float[Tensor, "n places outputs"]:
        """Outputs where they are read."""
        return self.tokens(self.frame(values))[:, slice(*self.reads)]


def sites(layers: int) -> dict[str, str]:
    """Names of sites and their submodules, for a :class:`fairfight.subject.sequences.SequenceSubject`."""
    names = ("heads", "attn_out", "mlp_out", "resid_post")
    return {f"blocks.{i}.{name}": f"blocks.{i}.{name}" for i in range(layers) for name in names}
