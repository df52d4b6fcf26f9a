"""Exact activation patching (Vig et al. 2020; Meng et al. 2022) of every attention head.

A head is given the values that it has on other inputs, and what the subject decides then is measured. What lies before
a head is not run again: neither the blocks before, nor its own block's attention, which heads add up to. All heads of a
block go through the rest in batches, and the last block looks only at the position that decides.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.parts.scores.blocks import Block, watched
from fairfight.parts.scores.suffix import replaced
from fairfight.subject.hooking import Reached, hooks
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.pooling import last_tokens
from fairfight.subject.subject import Subject

Measure = Callable[[Tensor], Tensor]
"""Takes the decision's logits [n, classes] and gives a number an input [n]."""

_TOKENS = 1024
"""What is run at once if nothing else is asked for. Three times as many take 15 % longer (benchmarks/patching.py)."""


@torch.no_grad()
def patch_heads(
    subject: Subject, inputs: Inputs, others: Inputs, measure: Measure, *, rows: int | None = None
) -> Float[Tensor, "blocks heads n"]:
    """What ``measure`` says when one head after the other has its values on ``others`` instead of those on ``inputs``.

    Args:
        subject: A transformer of a known family.
        inputs: What the subject decides on.
        others: As many inputs of the same shape, one for each.
        measure: Called with as many logits as there are inputs, times heads.
        rows: Most inputs that are run at once; by default so many that what is computed of them stays in a cache.

    Raises:
        UserError: The subject has no heads, or the inputs do not match.
    """
    depth = sum(name.endswith(".heads") for name in subject.sites)
    if not depth:
        raise UserError(f"{subject.name} has no attention heads: patch a transformer of a known family.")
    if len(inputs) != len(others) or type(inputs) is not type(others) or not _alike(inputs, others):
        raise UserError("Patching needs two sets of inputs of the same number and length: give each input its other.")
    sites = [f"blocks.{i}.heads" for i in range(depth)]
    given: dict[str, Tensor] = {}
    with hooks(subject, sites, stop=True) as tape:
        try:
            subject(others)
        except Reached:
            given = dict(tape)
    with watched(subject, depth) as blocks, subject.hooks(sites) as own:
        subject(inputs)
    run = _Rest(subject, inputs, blocks)
    if rows is None:
        rows = _TOKENS // own[sites[0]].shape[1]
    at_once = max(1, rows // len(inputs))
    found = []
    for i, site in enumerate(sites):
        change = (given[site] - own[site]).movedim(2, 0)
        weight = blocks[i].weight().unflatten(0, (len(change), -1))
        parts = zip(change.split(at_once), weight.split(at_once), strict=True)
        found.append(torch.cat([measure(run(i, c, w)).view(len(c), -1) for c, w in parts]))
    return torch.stack(found)


def _alike(inputs: Inputs, others: Inputs) -> bool:
    if isinstance(inputs, Texts):
        return isinstance(others, Texts) and torch.equal(inputs.mask, others.mask)
    return True


class _Rest:
    """What follows on one block's heads."""

    def __init__(self, subject: Subject, inputs: Inputs, blocks: list[Block]) -> None:
        self._subject, self._inputs, self._blocks = subject, inputs, blocks
        last = isinstance(inputs, Texts) and subject.anatomy.decision == "last"
        self._position = last_tokens(inputs) if last else torch.zeros(len(inputs), dtype=torch.long)  # type: ignore[arg-type]
        self._norm = subject.module.get_submodule(subject.anatomy.norm) if subject.anatomy.norm else None

    def __call__(
        self, i: int, change: Float[Tensor, "c n tokens inside"], weight: Float[Tensor, "c inside d"]
    ) -> Float[Tensor, "m classes"]:
        """Logits where each of some heads of block ``i``, one after the other, has changed."""
        block, copies = self._blocks[i], len(change)
        m = copies * len(self._inputs)
        position = self._position.repeat(copies)
        new = torch.matmul(change.flatten(1, 2), weight).view(copies, *block.projected.shape)
        new = new.add_(block.projected).flatten(0, 1)
        with ExitStack() as stack:

            def answer(part: nn.Module, what: Any, hooked: bool = False) -> None:
                stack.enter_context(replaced(part, lambda *_args, **_kwargs: what, hooked=hooked))

            nothing = new.new_full((), torch.nan)
            for j, earlier in enumerate(self._blocks[:i]):
                start = earlier.out.repeat(copies, 1, 1) if j == i - 1 else nothing.expand(m, *earlier.out.shape[1:])
                answer(earlier.module, start)
            for part, shape in block.before:
                answer(part, nothing.expand(m, *shape[1:]))
            answer(block.carrier, new if block.rest is None else (new, *block.rest), block.keeps_hooks)
            for part in self._blocks[-1].tokenwise:
                if part is not block.carrier:
                    stack.enter_context(replaced(part, _at(position, part.forward), hooked=True))
            if self._norm is not None:
                stack.enter_context(replaced(self._norm, _at(position, self._norm.forward), hooked=True))
            return self._subject(type(self._inputs).concat([self._inputs] * copies))  # type: ignore[list-item]


def _at(position: Int[Tensor, " m"], forward: Callable[..., Any]) -> Callable[..., Any]:
    """Look at one token of each row, and say for all what is so for that one."""

    def at(*args: Tensor) -> Tensor:
        tokens = args[0].shape[1]
        here = torch.arange(len(position))
        out: Tensor = forward(*(x[here, position][:, None] for x in args))
        return out.expand(-1, tokens, -1)

    return at
