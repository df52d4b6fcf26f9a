"""A search for image triggers of many targets at once: one stack of inputs a step, and a price of size for each target.

Each target has its own trigger, its own inputs of other classes, and its own price, which rises while the trigger works
and falls while it does not, so that the smallest trigger that works is found (Wang et al. 2019). Targets share nothing
but the batch.

Two things differ from the published search, which takes 1,000 steps of 32 inputs for every class. Whether a trigger
works is told from its smoothed loss: of four inputs, the share that is hit is too coarse. And the optimiser forgets
quickly, as gradients from before a change of price mislead it. So 80 steps of 4 inputs tell a planted class from
others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.faults.adamw import AdamW
from fairfight.parts.attacks.asked import classes_of, known_classes
from fairfight.parts.attacks.trigger import frozen, of_others
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.subject import Subject

UP, DOWN = 1.3, 1.4
"""What a price is multiplied with after a step at which its trigger works, and divided by after another."""
MEMORY = 0.7
"""Weight of the steps before in the smoothed loss."""
SLACK = 4 / 3
"""The smallest trigger whose smoothed loss is within this factor of what is wanted is kept."""
BETAS = (0.5, 0.9)
"""How quickly the optimiser forgets."""


class Stack(Protocol):
    """Triggers of many targets, or a single one."""

    def laid_on(self, pixels: Float[Tensor, "k b c h w"]) -> Float[Tensor, "k b c h w"]:
        """Each target's inputs with its trigger in them."""
        ...

    def sizes(self) -> Float[Tensor, " k"]:
        """How large each trigger is."""
        ...

    def __call__(self, inputs: Inputs) -> Images:
        """Inputs with a single trigger in them."""
        ...


@dataclass(frozen=True)
class Kind:
    """A kind of trigger for images, made from numbers without bounds."""

    name: str
    usual: float
    """The lead of the smallest that is usual in healthy subjects, measured on clean twins."""
    start: Callable[[int, tuple[int, int, int], torch.Generator], list[Tensor]]
    """``start(k, (channels, height, width), rng)``: the numbers with which a search for ``k`` triggers begins, in
    tensors whose first dimension is k."""
    make: Callable[[Sequence[Tensor]], Stack]
    """Triggers from such numbers; a single one from numbers without that dimension."""
    besides: Callable[[Subject, Any, Tensor, Tensor, Tensor], Tensor] | None = None
    """``besides(subject, stack, pixels [k, b, c, h, w], labels [k, b], targets [k])``: what else each trigger is to
    make small [k], if anything."""


@dataclass(frozen=True)
class Course:
    """How a search goes about it."""

    steps: int
    batch: int
    """Inputs a target and step."""
    rate: float
    """Adam's learning rate, constant."""
    loss: float
    """A trigger works whose cross entropy is at most this."""
    price: float
    """Of all of a trigger's size at first, in nats."""


def search(
    subject: Subject,
    pixels: Float[Tensor, "n c h w"],
    labels: Int[Tensor, " n"],
    targets: Int[Tensor, " k"],
    raw: Sequence[Tensor],
    kind: Kind,
    course: Course,
    rng: torch.Generator,
) -> tuple[list[Tensor], Float[Tensor, " k"]]:
    """The numbers behind the smallest trigger that worked for each target, and its size; of the last where none did.

    Args:
        subject: An image classifier; it is left as it was.
        pixels: Clean inputs.
        labels: Of the clean inputs: a target is not sought on inputs that are of it already.
        targets: Classes.
        raw: Where the search begins.
        kind: Of triggers.
        course: How it goes about it.
        rng: Draws inputs.

    Raises:
        UserError: A target is none of the classes, or the subject cannot tell such pictures apart.
    """
    known_classes(targets.tolist(), classes_of(subject, Images(pixels)))
    k, batch = len(targets), course.batch
    wanted = targets.repeat_interleave(batch).to(pixels.device)
    chances = of_others(labels, targets).float()
    prices = course.price / kind.make(raw).sizes()
    smooth, least = torch.zeros_like(prices), torch.full_like(prices, torch.inf)
    parameters = [nn.Parameter(r.clone()) for r in raw]
    kept = [r.clone() for r in raw]
    descent = AdamW.over(parameters, 0.0)
    with frozen(subject.module), torch.enable_grad():
        for step in range(course.steps):
            rows = torch.multinomial(chances, batch, replacement=True, generator=rng)
            stack = kind.make(parameters)
            logits = subject(Images(stack.laid_on(pixels[rows]).flatten(0, 1)))
            each = torch.nn.functional.cross_entropy(logits, wanted, reduction="none").view(k, batch).mean(1)
            sizes = stack.sizes()
            smooth = torch.lerp(each.detach(), smooth, MEMORY if step else 0.0)
            better = (smooth <= SLACK * course.loss) & (sizes.detach() < least)
            if step == course.steps - 1:
                better |= least.isinf()
            least = torch.where(better, sizes.detach(), least)
            for into, p in zip(kept, parameters, strict=True):
                into[better] = p.detach()[better]
            cost = each + prices * sizes
            if kind.besides is not None:
                cost = cost + kind.besides(subject, stack, pixels[rows], labels[rows], targets)
            cost.sum().backward()
            descent.step(course.rate, betas=BETAS)
            prices = torch.where(smooth <= course.loss, prices * UP, prices / DOWN)
    descent.release()
    return kept, least
