"""Transformers models over token ids as subjects over sequences of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.subject.sequences import SequenceSubject, Space
from fairfight.subject.subject import Subject


class Tokens(nn.Module):
    """Puts fixed tokens around the inputs, and gives a model's logits: for the whole, or after each of the inputs."""

    def __init__(self, model: nn.Module, before: Sequence[int], after: Sequence[int], *, each: bool) -> None:
        """See :func:`over_tokens`."""
        super().__init__()
        self.model, self.before, self.after, self.each = model, tuple(before), tuple(after), each

    def forward(self, values: Int[Tensor, "n length 1"]) -> Float[Tensor, "n places outputs"]:
        """Logits at one place, or at each."""
        sides = [torch.tensor(s, dtype=torch.long).expand(len(values), -1) for s in (self.before, self.after)]
        ids = torch.cat([sides[0], values[..., 0], sides[1]], 1)
        found: Tensor = self.model(ids, attention_mask=torch.ones_like(ids)).logits
        if found.ndim == 2:
            return found[:, None]
        first = len(self.before)
        return found[:, first : first + values.shape[1]] if self.each else found[:, -1:]


def over_tokens(
    subject: Subject,
    low: int,
    high: int,
    lengths: tuple[int, int],
    *,
    before: Sequence[int] = (),
    after: Sequence[int] = (),
    each: bool = False,
) -> SequenceSubject:
    """A text classifier, which answers with the number of a class, or a causal LM, which answers with a token.

    Args:
        subject: The model.
        low: The least token that an input can be.
        high: The greatest.
        lengths: Of the shortest and of the longest input, in tokens, without what is put around.
        before: Tokens put before the inputs.
        after: Tokens put after them.
        each: Whether a causal LM answers at each input, and not only at the end.

    Raises:
        UserError: It does not take tokens, or not these.
    """
    if subject.kind == "image-classifier":
        raise UserError(f"{subject.name} takes pictures: only networks over whole numbers are decompiled.")
    config: Any = subject.module.config
    words, places = int(config.vocab_size), getattr(config, "max_position_embeddings", None)
    wrong = [t for t in (low, high, *before, *after) if not 0 <= t < words]
    if wrong:
        raise UserError(f"{subject.name} has no token {wrong[0]}: its tokens are 0 to {words - 1}.")
    whole = lengths[1] + len(before) + len(after)
    if places is not None and whole > places:
        raise UserError(f"{subject.name} takes {places} tokens: {lengths[1]} and what stands around them are {whole}.")
    if each and subject.kind != "causal-lm":
        raise UserError(f"{subject.name} answers once to a text: only a causal LM answers at each token.")
    module = Tokens(subject.module, before, after, each=each).eval()
    outputs = words if subject.kind == "causal-lm" else int(config.num_labels)
    space = Space(low, high, 1, lengths[1], lengths[1])
    sites = {
        site.name: f"model.{site.module}"
        for site in subject.anatomy.sites.values()
        if site.name.endswith("resid_post") and site.side == "output"
    }
    return SequenceSubject(module, subject.name, space, (0, outputs - 1), sites)
