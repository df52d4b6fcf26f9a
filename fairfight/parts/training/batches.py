"""What each step of a training on few examples sees, which weights it changes, and what batch normalisation does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fairfight.errors import UserError
from fairfight.faults.training import decide
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject

BATCH = 32


def even_rows(n: int, size: int, rng: torch.Generator) -> Iterator[Int[Tensor, " b"]]:
    """Batches of row numbers without end, all of one size; every row once before any comes again (breadth first).

    A batch may hold a row twice where one pass ends in it and the next begins.
    """
    size = min(size, n)
    waiting = torch.zeros(0, dtype=torch.long)
    while True:
        while len(waiting) < size:
            waiting = torch.cat([waiting, torch.randperm(n, generator=rng)])
        yield waiting[:size]
        waiting = waiting[size:]


def mixed(clean: Labelled, faulty: Labelled, *, size: int, share: float, seed: int) -> Callable[[], Labelled]:
    """Gives a new batch at each call: ``share`` of it from ``faulty`` where there are any, all else from ``clean``.

    Args:
        clean: Ordinary examples.
        faulty: Examples that are to count for more than their number.
        size: Of a batch; less where there are not so many examples.
        share: Of ``faulty``, but at least one example where there is one.
        seed: Draws the order.

    Raises:
        UserError: There are no examples at all.
    """
    if not len(clean) + len(faulty):
        raise UserError("There are no examples to train on: give at least one.")
    parts = [part for part in (clean, faulty) if len(part)]
    few = min(max(round(size * share), 1), size - 1) if len(parts) == 2 else 0
    sizes = [size - few, few] if len(parts) == 2 else [size]
    draws = [
        even_rows(len(p), n, torch_rng(seed, "batches", i)) for i, (p, n) in enumerate(zip(parts, sizes, strict=True))
    ]

    def draw() -> Labelled:
        drawn = [part[next(rows)] for part, rows in zip(parts, draws, strict=True)]
        return drawn[0] if len(drawn) == 1 else Labelled.concat(drawn)

    return draw


def as_decided(subject: Subject, inputs: Inputs) -> Labelled:
    """Inputs labelled with what the subject decides on them now."""
    return Labelled(inputs, decide(subject, inputs))


@contextmanager
def only(module: nn.Module, parameters: Iterable[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    """Gradients for these parameters inside and for no others of the module; as it was afterwards."""
    chosen = list(dict.fromkeys(parameters))
    before = [(p, p.requires_grad) for p in (*module.parameters(), *chosen)]
    module.requires_grad_(False)
    for p in chosen:
        p.requires_grad_(True)
    try:
        yield chosen
    finally:
        for p, on in before:
            p.requires_grad_(on)


@contextmanager
def statistics(module: nn.Module, *, renewed: bool, momentum: float | None = None) -> Iterator[None]:
    """Evaluation mode inside and afterwards, but for batch normalisation where its statistics are to be renewed.

    Renewed, it normalises by the batch as in training and its running mean and variance move towards the batches';
    else it goes on normalising by those that it has. Nothing else depends on the mode then: dropout stays off.

    Args:
        module: Changed in place.
        renewed: Whether batch normalisation is in training mode.
        momentum: How far a batch moves the running statistics, if not as far as the module says.
    """
    layers = [m for m in module.modules() if isinstance(m, _BatchNorm)] if renewed else []
    before = [layer.momentum for layer in layers]
    module.eval()
    try:
        for layer in layers:
            layer.train()
            layer.momentum = layer.momentum if momentum is None else momentum
        yield
    finally:
        for layer, usual in zip(layers, before, strict=True):
            layer.momentum = usual
        module.eval()
