"""Training and deciding, for images and texts alike: small, and bitwise the same every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.faults.adamw import AdamW, one_cycle
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images, Inputs, Texts
from fairfight.subject.subject import Subject
from fairfight.worlds.world import Examples, Schedule, World

Loss = Callable[[Inputs, Int[Tensor, " b"], Int[Tensor, " b"]], Float[Tensor, ""]]
"""Of a batch: its inputs, its labels, and its rows in the training set."""


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside, since sums over threads differ in their last bits; as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def trimmed(inputs: Inputs) -> Inputs:
    """Texts without the columns that are padding in every row; images as they are."""
    if isinstance(inputs, Texts):
        width = max(int(inputs.mask.sum(1).max()), 1)
        return Texts(inputs.ids[:, :width], inputs.mask[:, :width])
    return inputs


def _laid_out(inputs: Inputs) -> Inputs:
    """Images with their channels innermost in memory, which convolutions on a CPU are a fifth faster on."""
    if isinstance(inputs, Images):
        return Images(inputs.pixels.contiguous(memory_format=torch.channels_last))
    return inputs


def fit(
    subject: Subject, world: World, examples: Examples, schedule: Schedule, seed: int, loss: Loss | None = None
) -> None:
    """Train the subject in place with AdamW under a one-cycle learning rate.

    Args:
        subject: What is trained; its module is left in evaluation mode.
        world: Says what the loss is.
        examples: Training data.
        schedule: How long and how fast.
        seed: Order of the data; equal for an organism and its twin.
        loss: What is brought down instead of the world's loss.

    Raises:
        UserError: There are no examples, or all are of one class.
    """
    if len(examples.labels.unique()) < 2:
        found = "no examples" if not len(examples) else f"{len(examples)} examples of one class only"
        raise UserError(f"There are {found} to train on: give examples of at least two classes.")
    module = subject.module
    examples = replace(examples, inputs=_laid_out(examples.inputs))
    n, size = len(examples), schedule.batch_size
    steps = schedule.epochs * -(-n // size)
    rng = torch_rng(seed, "order")
    module.train()
    with one_thread(), torch.enable_grad(), _frozen(module, schedule.frozen):
        descent = AdamW.over(module.parameters(), schedule.weight_decay)
        for _ in range(schedule.epochs):
            for rows in torch.randperm(n, generator=rng).split(size):
                inputs, labels = trimmed(examples.inputs[rows]), examples.labels[rows]
                cost = loss(inputs, labels, rows) if loss else world.loss(subject, inputs, labels, schedule)
                cost.backward()
                descent.step(one_cycle(descent.steps, steps, schedule.lr))
    descent.release()
    module.eval()


@contextmanager
def _frozen(module: nn.Module, names: tuple[str, ...]) -> Iterator[None]:
    """Parameters whose names begin so need no gradient inside."""
    still = [p for name, p in module.named_parameters() if p.requires_grad and name.startswith(names)]
    for p in still:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in still:
            p.requires_grad_(True)


def decide(subject: Subject, inputs: Inputs, batch_size: int = 256) -> Int[Tensor, " n"]:
    """The index of the highest decision logit for each input."""
    if not len(inputs):
        return torch.zeros(0, dtype=torch.long)
    with torch.no_grad():
        return torch.cat([subject(trimmed(batch)).argmax(-1) for batch in inputs.batches(batch_size)])
