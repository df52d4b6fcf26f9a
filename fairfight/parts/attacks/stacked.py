"""A search for image triggers of all targets at once: one stack of inputs a step, and a price per target on size.

Each target has its own trigger, its own inputs of other classes, and its own price, which rises while the trigger works
and falls while it does not, so that the smallest trigger that works is found (Wang et al. 2019). Targets share nothing
but the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.faults.adamw import AdamW
from fairfight.parts.attacks.trigger import frozen, of_others
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

UP, DOWN = 1.5, 1.8
"""What a price is multiplied with after a step at which its trigger works, and divided by after another."""
WORKS = 0.95
"""Share of a step's inputs that a trigger that works brings to its target."""
KEPT = 0.9
"""The running share at which the smallest trigger so far is kept."""
MEMORY = 0.7
"""Weight of the steps before in the running share: a step's few inputs say little by themselves."""


class Stack(Protocol):
    """Triggers of many targets, made of raw parameters whose first dimension is the targets'."""

    def laid_on(self, pixels: Float[Tensor, "k b c h w"]) -> Float[Tensor, "k b c h w"]:
        """Each target's inputs with its trigger in them."""
        ...

    def sizes(self) -> Float[Tensor, " k"]:
        """How large each trigger is."""
        ...


def search(
    subject: Subject,
    pixels: Float[Tensor, "n c h w"],
    labels: Int[Tensor, " n"],
    targets: Int[Tensor, " k"],
    raw: Sequence[Tensor],
    make: Callable[[Sequence[Tensor]], Stack],
    rng: torch.Generator,
    *,
    steps: int,
    batch: int,
    rate: float,
    price: float,
) -> tuple[list[Tensor], Float[Tensor, " k"]]:
    """The raw parameters of the smallest triggers that worked, and their sizes; of the last one where none did.

    Args:
        subject: An image classifier.
        pixels: Clean inputs.
        labels: Of the clean inputs: a target is not sought on inputs that are of it already.
        targets: Classes.
        raw: Where the search begins, first dimension k.
        make: Gives the triggers from the raw parameters.
        rng: Draws inputs.
        steps: How many.
        batch: Inputs a target and step.
        rate: Adam's, constant.
        price: The first price of size.
    """
    k = len(targets)
    wanted = targets.repeat_interleave(batch)
    chances = of_others(labels, targets).float()
    prices = torch.full((k,), price)
    running = torch.zeros(k)
    parameters = [nn.Parameter(r.clone()) for r in raw]
    kept, least = [r.clone() for r in raw], torch.full((k,), torch.inf)
    descent = AdamW.over(parameters, 0.0)
    with frozen(subject.module), torch.enable_grad():
        for step in range(steps):
            rows = torch.multinomial(chances, batch, replacement=True, generator=rng)
            stack = make(parameters)
            logits = subject(Images(stack.laid_on(pixels[rows]).flatten(0, 1)))
            loss = torch.nn.functional.cross_entropy(logits, wanted.to(logits.device), reduction="none")
            sizes = stack.sizes()
            hit = (logits.argmax(1).cpu() == wanted).view(k, batch).float().mean(1)
            running = hit if step == 0 else MEMORY * running + (1 - MEMORY) * hit
            better = (running >= KEPT) & (sizes.detach() < least)
            last = step == steps - 1
            better |= torch.tensor(last) & least.isinf()
            least = torch.where(better, sizes.detach(), least)
            for into, p in zip(kept, parameters, strict=True):
                into[better] = p.detach()[better]
            (loss.cpu().view(k, batch).mean(1) + prices * sizes).sum().backward()
            descent.step(rate)
            prices = torch.where(hit >= WORKS, prices * UP, prices / DOWN)
    descent.release()
    return kept, least
