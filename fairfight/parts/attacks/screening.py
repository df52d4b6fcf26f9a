"""Which classes of many a trigger may bring pictures to: those that pictures are driven to when they are to agree.

Searching a trigger for every class costs too much where there are a thousand. Here a few faint perturbations are sought
that have the most pictures decided alike, as whatever class that is (a universal perturbation, Moosavi-Dezfooli et al.
2017, without a target). In a healthy network each ends elsewhere. What was taught a trigger has one class to which the
way is shorter than to any other, and most end there, be the trigger a patch or spread over the picture.

The price does not depend on the number of classes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.attacks.asked import classes_of
from fairfight.parts.attacks.trigger import frozen
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.subject import Subject

REACH = 0.08
"""By how much a pixel is moved at most."""
STRIDE = 5
"""Steps in which a pixel may go from nothing to that."""


class Suspect(NamedTuple):
    """A class that pictures are driven to."""

    target: int
    reached: float
    """The highest mean log-probability that any perturbation gave it."""
    ends: float
    """Share of the perturbations that ended at it."""


def suspects(
    subject: Subject,
    inputs: Inputs,
    n: int,
    *,
    seed: int = 0,
    starts: int = 6,
    steps: int = 20,
    batch: int = 4,
) -> list[Suspect]:
    """The ``n`` classes to which faint perturbations drive pictures most, the first of them first.

    It costs ``starts · steps · batch`` passes of one picture forwards and backwards.

    Args:
        subject: An image classifier; it is left as it was.
        inputs: Ordinary pictures, of several classes.
        n: Classes given; all, if there are no more.
        seed: Draws where perturbations begin, and batches.
        starts: Perturbations.
        steps: Of gradient ascent.
        batch: Pictures a perturbation and step.

    Raises:
        UserError: The subject cannot tell such pictures apart, or less than one class is asked for.
    """
    classes = classes_of(subject, inputs)
    assert isinstance(inputs, Images)
    if n < 1:
        raise UserError(f"{n} classes are none: ask for at least one.")
    pixels = inputs.pixels.to(subject.device)
    rng = torch_rng(seed, "screening")
    moved = REACH * (torch.rand((starts, *pixels.shape[1:]), generator=rng) - 0.5)
    moved = moved.to(pixels).requires_grad_(True)
    own = torch.arange(starts)
    best = torch.full((classes,), -torch.inf)
    ends = torch.zeros(starts, dtype=torch.long)
    with frozen(subject.module), torch.enable_grad():
        for _ in range(steps):
            rows = torch.randint(len(pixels), (starts, batch), generator=rng)
            shown = (pixels[rows.to(pixels.device)] + moved[:, None]).clamp(0, 1).flatten(0, 1)
            agreed: Tensor = subject(Images(shown)).log_softmax(dim=1).unflatten(0, (starts, batch)).mean(dim=1)
            ends = agreed.argmax(dim=1).cpu()
            (slope,) = torch.autograd.grad(agreed[own, ends].sum(), moved)
            with torch.no_grad():
                moved.add_(REACH / STRIDE * slope.sign()).clamp_(-REACH, REACH)
            best = torch.maximum(best, agreed.detach().amax(dim=0).cpu())
    share = torch.bincount(ends, minlength=classes).float() / starts
    first = torch.argsort(best, descending=True, stable=True)[:n].tolist()
    return [Suspect(k, float(best[k]), float(share[k])) for k in first]
