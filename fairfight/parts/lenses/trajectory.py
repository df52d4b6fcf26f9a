"""How an answer comes about: what each layer's lens says about the class that the subject ends up with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def trajectory(
    layers: Sequence[Float[Tensor, "n classes"]], final: Float[Tensor, "n classes"]
) -> Float[Tensor, "n features"]:
    """Three figures a layer: log-probability of the final answer, entropy, divergence from the final answer.

    Args:
        layers: Logits that each layer's lens gives, shallow to deep.
        final: The subject's logits.
    """
    last = final.log_softmax(dim=1)
    decided = last.argmax(dim=1, keepdim=True)
    features = []
    for logits in layers:
        here = logits.log_softmax(dim=1)
        features.append(here.gather(1, decided)[:, 0])
        features.append(-(here.exp() * here).sum(dim=1))
        features.append((last.exp() * (last - here)).sum(dim=1))
    features.append(-(last.exp() * last).sum(dim=1))
    return torch.stack(features, dim=1)
