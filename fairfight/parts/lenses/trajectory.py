"""How an answer comes about: what every layer's lens says, one layer after the other (Belrose et al. 2023)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor


def trajectory(layers: Sequence[Float[Tensor, "n classes"]], final: Float[Tensor, "n classes"]) -> Float[Tensor, "n d"]:
    """The layers' logits and the final ones side by side, without the constant that softmax ignores.

    Args:
        layers: Logits that each layer's lens gives, shallow to deep.
        final: The subject's logits.
    """
    return torch.cat([logits - logits.mean(dim=1, keepdim=True) for logits in (*layers, final)], dim=1)


def leading_classes(logits: Float[Tensor, "n classes"], first: int = 2) -> Int[Tensor, " k"]:
    """The classes among the ``first`` answers to some input: of a language model, the few words that matter."""
    found: Tensor = torch.unique(logits.topk(min(first, logits.shape[1]), dim=1).indices)
    return found
