"""Activations of many inputs, batch by batch: to memory, or to one file on disk when they would not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError
from fairfight.subject.hooking import Reached, Tape, hooks
from fairfight.subject.inputs import Inputs
from fairfight.subject.pooling import Pool, pooler
from fairfight.subject.spool import Spool, too_large

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject

LOGITS = "logits"
BATCH = 64
"""Inputs a forward pass, unless told."""


class Activations(Mapping[str, Tensor]):
    """What was harvested: a tensor a site, first dimension the inputs'; in memory or mapped from a file."""

    def __init__(
        self, tensors: Mapping[str, Tensor], logits: Float[Tensor, "n classes"] | None, file: Path | None
    ) -> None:
        """Made by :func:`harvest`."""
        self._tensors = dict(tensors)
        self.logits = logits
        """The decision's logits, if the output head was run."""
        self.file = file
        """The safetensors file that the tensors are mapped from, if they are on disk."""

    def __getitem__(self, site: str) -> Tensor:
        return self._tensors[site]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


@torch.no_grad()
def harvest(
    subject: Subject,
    inputs: Inputs,
    sites: Sequence[str],
    *,
    batch_size: int = BATCH,
    pool: Pool | None = "decision",
    head: bool = True,
    folder: str | Path | None = None,
    max_bytes: int | None = None,
) -> Activations:
    """Read ``sites`` on all inputs, without gradients.

    Args:
        subject: The subject.
        inputs: At least one.
        sites: Names of sites.
        batch_size: Inputs a forward pass.
        pool: One vector an input (see :func:`fairfight.subject.pooling.pooler`), or None for the whole activation.
        head: Also give the logits. Without, the pass ends at the deepest site asked for and the output head is not run.
        folder: Keep the result in ``activations.safetensors`` there. Without, a file is made only when needed, in the
            system's temporary folder, and goes when the result does.
        max_bytes: What may be held in memory; by default a quarter of what is free.

    Raises:
        UserError: No inputs, an unknown site, or no room on the disk.
    """
    if not len(inputs):
        raise UserError("There are no inputs to harvest activations from: give at least one.")
    names = tuple(dict.fromkeys(sites))
    if subject.earlier is not None and folder is None and max_bytes is None:
        known = subject.earlier.find(subject, inputs, names, batch_size=batch_size, pool=pool, head=head)
        if known is not None:
            return known
    parts: dict[str, list[Tensor]] = {}
    spool: Spool | None = None
    try:
        with hooks(subject, names, stop=not head) as tape:
            for batch in inputs.batches(batch_size):
                got = _one(subject, batch, names, tape, pool, head)
                if not parts and spool is None:
                    size = sum(x[0].nbytes for x in got.values()) * len(inputs)
                    if folder is not None or too_large(size, max_bytes):
                        spool = Spool({k: (x.dtype, (len(inputs), *x.shape[1:])) for k, x in got.items()}, folder)
                if spool is not None:
                    spool.append(got)
                else:
                    for name, x in got.items():
                        parts.setdefault(name, []).append(x)
        if spool is not None:
            tensors, file = spool.close()
        else:
            tensors, file = {k: torch.cat(v) if len(v) > 1 else v[0] for k, v in parts.items()}, None
    except BaseException:
        if spool is not None:
            spool.discard()
        raise
    logits = tensors.pop(LOGITS, None)
    return Activations(tensors, logits, file)


def _one(
    subject: Subject,
    batch: Inputs,
    names: tuple[str, ...],
    tape: Tape,
    pool: Pool | None,
    head: bool,
) -> dict[str, Tensor]:
    """One batch's activations, pooled, and its logits."""
    got: dict[str, Tensor] = {}
    try:
        logits = subject(batch)
        if head:
            got[LOGITS] = logits
    except Reached:
        pass
    vector = None if pool is None else pooler(subject.anatomy, batch, pool)
    for name in names:
        got[name] = tape[name] if vector is None else vector(tape[name])
    tape.clear()
    return got
