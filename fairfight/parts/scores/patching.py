"""Exact activation patching (Vig et al. 2020; Meng et al. 2022) of every attention head.

A head is given the values that it has on other inputs, and what the subject decides then is measured. What lies below
a head is the same for all heads of its block: the blocks before are not run again, and all heads of a block go through
the blocks after it in one batch. That costs about half of a whole pass a head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject

Measure = Callable[[Tensor], Tensor]
"""Takes the decision's logits [n, classes] and gives a number an input [n]."""


@torch.no_grad()
def patch_heads(
    subject: Subject, inputs: Inputs, others: Inputs, measure: Measure, *, rows: int = 512
) -> Float[Tensor, "blocks heads n"]:
    """What ``measure`` says when one head after the other has its values on ``others`` instead of those on ``inputs``.

    Args:
        subject: A transformer of a known family.
        inputs: What the subject decides on.
        others: As many inputs of the same shape, one for each.
        measure: Called with as many logits as there are inputs, times heads.
        rows: Most inputs that are run at once.

    Raises:
        UserError: The subject has no heads, or the inputs do not match.
    """
    depth = sum(name.endswith(".heads") for name in subject.sites)
    if not depth:
        raise UserError(f"{subject.name} has no attention heads: patch a transformer of a known family.")
    if len(inputs) != len(others) or type(inputs) is not type(others) or not _alike(inputs, others):
        raise UserError("Patching needs two sets of inputs of the same number and length: give each input its other.")
    with subject.hooks([f"blocks.{i}.heads" for i in range(depth)]) as tape:
        subject(others)
        given = [tape[f"blocks.{i}.heads"] for i in range(depth)]
    with subject.hooks([f"blocks.{i}.resid_pre" for i in range(depth)]) as tape:
        subject(inputs)
        below = [tape[f"blocks.{i}.resid_pre"] for i in range(depth)]
    heads = given[0].shape[2]
    at_once = max(1, rows // len(inputs))
    found = []
    for i in range(depth):
        parts = []
        for some in torch.arange(heads).split(at_once):
            many = type(inputs).concat([inputs] * len(some))  # type: ignore[list-item]
            start = below[i].repeat(len(some), 1, 1)
            writes = {
                f"blocks.{i}.resid_pre": partial(_instead, new=start),
                f"blocks.{i}.heads": partial(_exchange, given=given[i], heads=some),
            }
            with _from_block(subject, i), subject.hooks(writes=writes):
                parts.append(measure(subject(many)).view(len(some), len(inputs)))
        found.append(torch.cat(parts))
    return torch.stack(found)


def _alike(inputs: Inputs, others: Inputs) -> bool:
    if isinstance(inputs, Texts):
        return isinstance(others, Texts) and torch.equal(inputs.mask, others.mask)
    return True


def _instead(_old: Tensor, new: Tensor) -> Tensor:
    return new


def _exchange(values: Tensor, given: Tensor, heads: Tensor) -> Tensor:
    """Each copy of the inputs [copies · n, tokens, heads, d] with another head's values exchanged."""
    new: Tensor = values.unflatten(0, (len(heads), -1)).clone()
    new[torch.arange(len(heads)), :, :, heads] = given[:, :, heads].permute(2, 0, 1, 3)
    return new.flatten(0, 1)


@contextmanager
def _from_block(subject: Subject, first: int) -> Iterator[None]:
    """Blocks before the first one do nothing inside."""
    skipped: list[nn.Module] = []
    try:
        for i in range(first):
            block = subject.module.get_submodule(subject.site(f"blocks.{i}.resid_post").module)
            block.__dict__["forward"] = _nothing
            skipped.append(block)
        yield
    finally:
        for block in skipped:
            del block.__dict__["forward"]


def _nothing(hidden: Tensor, *_args: Any, **_kwargs: Any) -> Tensor:
    return hidden
