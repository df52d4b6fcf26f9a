"""A subject's first examination: whatever is measured on it later rests on these equalities."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.seeds import torch_rng
from fairfight.subject.hooking import hooks
from fairfight.subject.inputs import Images, Inputs, Texts
from fairfight.subject.subject import Subject

_TOLERANCE = 1e-3
"""Largest difference allowed, relative to the largest logit: single-precision kernels differ with the batch's shape."""


@torch.no_grad()
def check(subject: Subject, inputs: Inputs) -> None:
    """Make sure that a subject answers the same hooked or plain, and alone or in a padded batch.

    Args:
        subject: In eval mode.
        inputs: A few, of different lengths if they are texts.

    Raises:
        UserError: Says which equality fails.
    """
    batched = subject(inputs)
    if not bool(batched.isfinite().all()):
        raise UserError(
            f"{subject.name} answers with NaN or infinity: mend its weights or load it in another precision."
        )
    if not torch.equal(batched, subject(inputs)):
        raise UserError(f"{subject.name} answers the same question in two ways: put every layer in eval mode.")
    with hooks(subject, subject.sites) as tape:
        hooked = subject(inputs)
    if not torch.equal(batched, hooked):
        raise UserError(f"{subject.name} answers differently when it is read from, so hooks cannot examine it.")
    if unread := [name for name in subject.sites if name not in tape]:
        raise UserError(f"{subject.name} never runs its site {unread[0]}, so it is not laid out as its family is.")
    alone = torch.cat([_alone(subject, inputs, i) for i in range(len(inputs))])
    gap = float((alone - batched).abs().max() / alone.abs().max().clamp_min(1e-6))
    if gap > _TOLERANCE:
        raise UserError(
            f"{subject.name} answers differently alone and in a padded batch (by {gap:.0%} of its largest logit): "
            "it reads its padding, or its batch."
        )


def _alone(subject: Subject, inputs: Inputs, i: int) -> Float[Tensor, "1 classes"]:
    """What the module itself says to one input, unpadded, called as its authors call it."""
    if isinstance(inputs, Images):
        return subject(inputs[i : i + 1])
    ids = inputs.ids[i : i + 1, : int(inputs.mask[i].sum())].to(subject.device)
    logits: Tensor = subject.module(ids).logits
    return logits[:, -1] if subject.kind == "causal-lm" else logits


def example_inputs(subject: Subject, n: int = 3) -> Inputs:
    """A few random inputs of a subject's shape; texts of different lengths, without special meaning.

    Raises:
        UserError: The input shape cannot be known.
    """
    rng = torch_rng(0, "example inputs")
    if subject.kind == "image-classifier":
        shape = image_shape(subject.module)
        if shape is None:
            raise UserError(f"The input shape of {subject.name} cannot be known: give it a few inputs as an example.")
        return Images(torch.rand((n, *shape), generator=rng))
    config: Any = subject.module.config
    width = min(9, int(config.max_position_embeddings) - 2)
    ids = torch.randint(0, int(config.vocab_size), (n, width), generator=rng)
    pad = getattr(config, "pad_token_id", None)
    if pad is not None:
        ids[ids == pad] = (pad + 1) % int(config.vocab_size)
    lengths = torch.tensor([max(1, width - 2 * i) for i in range(n)])
    mask = (torch.arange(width) < lengths[:, None]).long()
    return Texts(torch.where(mask.bool(), ids, pad or 0), mask)


def image_shape(module: nn.Module) -> tuple[int, int, int] | None:
    """Channels, height and width of a module's input, if it says so: our own networks and transformers' do."""
    own = getattr(module, "architecture", None)
    if isinstance(own, dict) and {"channels", "size"} <= own.keys():
        return own["channels"], own["size"], own["size"]
    config: Any = getattr(module, "config", None)
    if hasattr(config, "num_channels"):
        size = getattr(config, "image_size", 224)
        height, width = size if isinstance(size, (list, tuple)) else (size, size)
        return int(config.num_channels), int(height), int(width)
    return None
