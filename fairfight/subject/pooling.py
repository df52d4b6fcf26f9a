"""One vector an input from an activation with tokens or space in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.subject.inputs import Images, Inputs, Texts
from fairfight.subject.sites import Anatomy

Pool = Literal["decision", "mean"]


def pooler(anatomy: Anatomy, inputs: Inputs, how: Pool) -> Callable[[Float[Tensor, "n ..."]], Float[Tensor, "n d"]]:
    """How to pool the activations of one batch, at any of its sites.

    ``decision`` takes the position that decides: a causal model's last real token, an encoder's first; feature maps
    [n, c, h, w] have none and become their mean over space. ``mean`` averages over real tokens, or over space.
    Heads are laid side by side.
    """
    if anatomy.decision == "space":
        return _over_space
    if how == "decision":
        if anatomy.decision == "first" or isinstance(inputs, Images):
            return lambda x: x[:, 0].flatten(1)
        rows, last = torch.arange(len(inputs)), last_tokens(inputs)
        return lambda x: x[rows, last].flatten(1)
    if isinstance(inputs, Images):
        return lambda x: x.flatten(2).mean(1)
    share = inputs.mask / inputs.mask.sum(1, keepdim=True)
    return lambda x: torch.einsum("nt,ntd->nd", share.to(x), x.flatten(2))


def last_tokens(texts: Texts) -> Int[Tensor, " n"]:
    """Where each text's last real token is."""
    return texts.mask.sum(1) - 1


def _over_space(x: Float[Tensor, "n ..."]) -> Float[Tensor, "n d"]:
    """Maps [n, c, h, w] have their features first, sequences [n, tokens, d] last."""
    if x.ndim == 3:
        return x.mean(1)
    return x.flatten(2).mean(2) if x.ndim > 2 else x.reshape(len(x), -1)
