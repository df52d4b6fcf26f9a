"""Adversarial patches for many classes at once (Brown et al. 2017): each works in any picture.

Each has its own pictures of other classes, and places that are drawn anew every step. What paints the patches may be
their pixels or anything else that a gradient can change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.faults.adamw import AdamW
from fairfight.parts.attacks.trigger import frozen, of_others
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

Painter = Callable[[Sequence[Tensor]], Float[Tensor, "k c s s"]]
"""Patches, with pixels in [0, 1], from numbers without bounds."""
Corners = tuple[Int[Tensor, "k b"], Int[Tensor, "k b"]]
Places = Callable[[int, torch.Generator], Corners]
"""Upper left corners of patches on so many pictures each."""
MEMORY = 0.7
"""Weight of the steps before in the smoothed cross entropy."""


def pasted(
    pixels: Float[Tensor, "k b c h w"], patches: Float[Tensor, "k c s s"], corners: Corners
) -> Float[Tensor, "k b c h w"]:
    """Each patch on its own pictures, at a place for each picture."""
    k, b = pixels.shape[:2]
    steps = torch.arange(patches.shape[-1])
    rows, columns = corners[0][..., None, None] + steps[:, None], corners[1][..., None, None] + steps
    which, picture = torch.arange(k)[:, None, None, None], torch.arange(b)[:, None, None]
    laid = patches[:, None].expand(-1, b, -1, -1, -1).permute(0, 1, 3, 4, 2)
    out = pixels.clone()
    out[which, picture, :, rows, columns] = laid.to(out)
    return out


def about(corners: Int[Tensor, "k 2"], size: tuple[int, int], side: int, jitter: int) -> Places:
    """Within ``jitter`` pixels of a corner for each patch, and inside pictures of that height and width."""

    def draw(b: int, rng: torch.Generator) -> Corners:
        by = torch.randint(-jitter, jitter + 1, (2, len(corners), b), generator=rng)
        top, left = ((corners[:, i, None] + by[i]).clamp(0, n - side) for i, n in enumerate(size))
        return top, left

    return draw


def grid(size: tuple[int, int], side: int, along: int) -> Int[Tensor, "places 2"]:
    """Upper left corners of ``along`` times ``along`` places, evenly over pictures of that height and width."""
    ways = [torch.linspace(0, n - side, along).round().long() for n in size]
    return torch.cartesian_prod(*ways).view(-1, 2)


def variation(patches: Float[Tensor, "k c s s"]) -> Float[Tensor, " k"]:
    """Total variation: mean absolute difference of neighbours."""
    down, right = patches.diff(dim=2).abs(), patches.diff(dim=3).abs()
    return down.flatten(1).mean(1) + right.flatten(1).mean(1)


def train_patches(
    subject: Subject,
    pixels: Float[Tensor, "n c h w"],
    labels: Int[Tensor, " n"],
    targets: Int[Tensor, " k"],
    parameters: Sequence[nn.Parameter],
    paint: Painter,
    *,
    steps: int,
    batch: int,
    rate: float,
    where: Places,
    rng: torch.Generator,
    penalty: Callable[[Float[Tensor, "k c s s"]], Float[Tensor, " k"]] = variation,
    weight: float = 0.0,
) -> Float[Tensor, " k"]:
    """Change what paints patches so that pictures with them on are decided as the targets; all targets in one stack.

    Args:
        subject: An image classifier; it is left as it was.
        pixels: Clean pictures.
        labels: Of them: a patch is not trained on pictures that are of its target already.
        targets: Classes.
        parameters: What the patches are made from.
        paint: Makes the patches.
        steps: Of Adam; the rate falls along a line to a tenth.
        batch: Pictures a target and step.
        rate: Adam's learning rate at first.
        where: Draws places.
        rng: Draws pictures.
        penalty: What else a patch should keep low.
        weight: Of the penalty, in nats.

    Returns:
        Cross entropy of each, smoothed over the last steps.
    """
    k = len(targets)
    wanted = targets.repeat_interleave(batch).to(pixels.device)
    chances = of_others(labels, targets).float()
    descent, smooth = AdamW.over(parameters, 0.0), torch.zeros(k, device=pixels.device)
    with frozen(subject.module), torch.enable_grad():
        for step in range(steps):
            rows = torch.multinomial(chances, batch, replacement=True, generator=rng)
            patches = paint(parameters)
            logits = subject(Images(pasted(pixels[rows], patches, where(batch, rng)).flatten(0, 1)))
            each = torch.nn.functional.cross_entropy(logits, wanted, reduction="none").view(k, batch).mean(1)
            smooth = torch.lerp(each.detach(), smooth, MEMORY if step else 0.0)
            (each + weight * penalty(patches) if weight else each).sum().backward()
            descent.step(rate * (1 - 0.9 * step / steps))
    descent.release()
    return smooth


@torch.no_grad()
def costs_of(
    subject: Subject,
    pixels: Float[Tensor, "n c h w"],
    labels: Int[Tensor, " n"],
    targets: Int[Tensor, " k"],
    patches: Float[Tensor, "k c s s"],
    *,
    count: int,
    where: Places,
    rng: torch.Generator,
) -> tuple[Float[Tensor, " k"], Float[Tensor, " k"]]:
    """Cross entropy and share of hits of each patch, over ``count`` pictures at places by chance."""
    k = len(targets)
    rows = torch.multinomial(of_others(labels, targets).float(), count, replacement=True, generator=rng)
    logits = subject(Images(pasted(pixels[rows], patches, where(count, rng)).flatten(0, 1)))
    wanted = targets.repeat_interleave(count).to(logits.device)
    losses = torch.nn.functional.cross_entropy(logits, wanted, reduction="none").view(k, count)
    return losses.mean(1), (logits.argmax(1) == wanted).view(k, count).float().mean(1)
