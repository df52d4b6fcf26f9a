"""One vector an input from an activation with tokens or space in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from torch import Tensor

from fairfight.subject.inputs import Images, Inputs

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject


def pool(
    subject: Subject, activation: Float[Tensor, "n ..."], inputs: Inputs, how: Literal["decision", "mean"]
) -> Float[Tensor, "n d"]:
    """Pool a site's activation.

    ``decision`` takes the position that decides: a causal model's last real token, an encoder's first; images have
    none, so feature maps [n, c, h, w] become their mean over space. ``mean`` averages over real tokens, or over space.
    Heads are laid side by side.
    """
    if not subject.anatomy.base:
        # [n, c, h, w] are maps; [n, tokens, d] keep their features last.
        if activation.ndim == 3:
            return activation.mean(1)
        return activation.flatten(2).mean(2) if activation.ndim > 2 else activation.reshape(len(activation), -1)
    if how == "decision":
        picked = activation[:, 0] if isinstance(inputs, Images) else subject._at_decision(activation, inputs)
        return picked.flatten(1)
    tokens = activation.flatten(2)
    if isinstance(inputs, Images):
        return tokens.mean(1)
    weight = inputs.mask.to(tokens)
    return (tokens * weight[..., None]).sum(1) / weight.sum(1, keepdim=True)
