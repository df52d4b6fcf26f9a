"""Feature visualisation (Olah et al. 2017): the pictures that excite a logit or an inner unit most.

All goals are sought at once, each in a picture of its own. Pictures are shifted, turned and scaled a little at random
at every step, so that what excites does so robustly. Where all rectified units are silent there is no gradient: of some
pictures to begin with, the most exciting is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.faults.adamw import AdamW
from fairfight.parts.attacks.asked import classes_of
from fairfight.parts.attacks.trigger import frozen
from fairfight.parts.synthesis.pictures import Canvas
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

Goal = Callable[[Images], Float[Tensor, "n goals"]]
"""How much each picture excites each goal."""
STARTS = 24
"""Pictures a goal to choose the first from."""


@dataclass(frozen=True)
class Wobble:
    """How pictures are moved at random."""

    shift: float = 0.06
    """Share of the picture's side, at most."""
    turn: float = 5.0
    """Degrees, at most."""
    zoom: float = 0.05
    """Share, at most."""

    def __call__(self, pixels: Float[Tensor, "n c h w"], rng: torch.Generator) -> Float[Tensor, "n c h w"]:
        """Each picture moved by itself; its border is repeated outwards."""
        shift, turn, zoom = (2 * torch.rand((len(pixels), d), generator=rng) - 1 for d in (2, 1, 1))
        angle, size = turn[:, 0] * self.turn * math.pi / 180, 1 + self.zoom * zoom[:, 0]
        rows = torch.stack([size * angle.cos(), -size * angle.sin(), 2 * self.shift * shift[:, 0]], 1)
        columns = torch.stack([size * angle.sin(), size * angle.cos(), 2 * self.shift * shift[:, 1]], 1)
        where = torch.nn.functional.affine_grid(
            torch.stack([rows, columns], 1).to(pixels), list(pixels.shape), align_corners=False
        )
        return torch.nn.functional.grid_sample(pixels, where, padding_mode="border", align_corners=False)


def logits_of(subject: Subject) -> Goal:
    """Every class's logit."""
    return subject


def units_of(subject: Subject) -> Goal:
    """Every unit of the penultimate layer, the last of the trunk, as its mean over space."""
    site = subject.trunk[-1]

    def excited(inputs: Images) -> Float[Tensor, "n goals"]:
        with subject.hooks(reads=[site]) as tape:
            subject(inputs)
        return subject.pool(tape[site], inputs)

    return excited


def weights_into(subject: Subject, inputs: Images) -> Float[Tensor, "classes units"]:
    """The gradient of each logit with respect to each penultimate unit, on average over inputs.

    With a linear head on the mean over space these are its weights, up to a factor.
    """
    site = subject.trunk[-1]
    with frozen(subject.module), torch.enable_grad():
        pixels = inputs.pixels.clone().requires_grad_(True)
        with subject.hooks(reads=[site]) as tape:
            logits = subject(Images(pixels))
        rows = [torch.autograd.grad(x, tape[site], retain_graph=True)[0] for x in logits.sum(0)]
    return torch.stack([subject.pool(g, inputs).mean(0) for g in rows]).detach()


def visualise(
    subject: Subject,
    canvas: Canvas,
    goal: Goal,
    wanted: Int[Tensor, " k"],
    *,
    steps: int,
    copies: int,
    rng: torch.Generator,
    wobble: Wobble = Wobble(),
) -> Float[Tensor, "k c h w"]:
    """A picture for each goal that excites it most.

    Args:
        subject: An image classifier; it is left as it was.
        canvas: How pictures are made.
        goal: What may be excited.
        wanted: Which of it, one a picture; a goal may be there several times.
        steps: Of Adam.
        copies: In which a picture is moved about at a step.
        rng: Draws where pictures begin and how they are moved.
        wobble: How they are moved.

    Raises:
        UserError: What is wanted is none of the goals, or the subject cannot tell such pictures apart.
    """
    first = [r.to(subject.device) for r in canvas.start(len(wanted) * STARTS, rng)]
    with torch.no_grad():
        each = wanted.repeat_interleave(STARTS)
        begun = Images(canvas.draw(first))
        classes_of(subject, begun)
        excited = goal(begun)
        if int(wanted.min()) < 0 or int(wanted.max()) >= excited.shape[1]:
            raise UserError(f"Goals go from 0 to {excited.shape[1] - 1}: there are no others to be visualised.")
        promise = excited[torch.arange(len(each)), each].view(-1, STARTS).argmax(1)
    chosen = torch.arange(len(wanted)) * STARTS + promise.cpu()
    parameters = [nn.Parameter(r[chosen].clone()) for r in first]
    descent = AdamW.over(parameters, 0.0)
    rows, columns = torch.arange(len(wanted) * copies), wanted.repeat_interleave(copies)
    with frozen(subject.module), torch.enable_grad():
        for step in range(steps):
            moved = wobble(canvas.draw(parameters).repeat_interleave(copies, 0), rng)
            excited = goal(Images(moved))[rows, columns]
            (-excited.sum() / copies).backward()
            descent.step(canvas.rate * min(1.0, 2 - 2 * step / steps))
    descent.release()
    with torch.no_grad():
        return canvas.draw(parameters).detach()
