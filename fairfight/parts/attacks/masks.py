"""A mask and a pattern that bring any input to a target (Wang et al. 2019, Neural Cleanse).

For each class the smallest mask is sought under which one pattern brings inputs of all other classes there. A planted
patch makes one class much cheaper to reach than the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.attacks.stacked import search
from fairfight.parts.attacks.trigger import Trigger, halves, oddness, success_of
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.subject import Subject


@dataclass(frozen=True)
class Stamp:
    """A pattern that is mixed into pictures, at each place by as much as the mask says."""

    mask: Float[Tensor, "*k 1 h w"]
    """Between 0, where the picture stays, and 1, where the pattern covers it."""
    pattern: Float[Tensor, "*k c h w"]
    """Pixels in [0, 1]."""

    @classmethod
    def of(cls, raw: Sequence[Tensor]) -> Stamp:
        """From numbers without bounds."""
        return cls(raw[0].sigmoid(), raw[1].sigmoid())

    def laid_on(self, pixels: Float[Tensor, "k b c h w"]) -> Float[Tensor, "k b c h w"]:
        """Each stamp on its own pictures."""
        mask = self.mask[:, None]
        return pixels * (1 - mask) + self.pattern[:, None] * mask

    def sizes(self) -> Float[Tensor, " k"]:
        """The masks' sums: covered pixels."""
        return self.mask.flatten(1).sum(1)

    def __call__(self, inputs: Inputs) -> Images:
        """Pictures with this one stamp on them."""
        assert isinstance(inputs, Images)
        mask = self.mask.to(inputs.pixels.device)
        return Images(inputs.pixels * (1 - mask) + self.pattern.to(mask.device) * mask)


def neural_cleanse(
    subject: Subject, clean: Labelled, *, seed: int, steps: int = 120, batch: int = 5, rate: float = 0.2
) -> list[Trigger]:
    """The smallest stamp for every class, most suspicious first.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary inputs with their classes. One half is searched with, the other measures success.
        seed: Draws the halves, where the search begins, and its batches.
        steps: Of the search (published: 1,000).
        batch: Inputs a class and step (published: 32).
        rate: Adam's learning rate.
    """
    assert isinstance(clean.inputs, Images)
    known, held = halves(clean, seed)
    assert isinstance(known.inputs, Images)
    rng = torch_rng(seed, "masks")
    pixels = known.inputs.pixels
    _, channels, height, width = pixels.shape
    classes = subject(clean.inputs[:1]).shape[1]
    targets = torch.arange(classes)
    raw = [
        0.1 * torch.randn((classes, 1, height, width), generator=rng),
        0.5 * torch.randn((classes, channels, height, width), generator=rng),
    ]
    price = 10 / (height * width)
    found, sizes = search(
        subject, pixels, known.labels, targets, raw, Stamp.of, rng, steps=steps, batch=batch, rate=rate, price=price
    )
    odd = oddness(sizes)
    triggers = []
    for k in torch.argsort(odd, descending=True).tolist():
        stamp = Stamp.of([r[k] for r in found])
        success = success_of(subject, stamp, held, k)
        triggers.append(Trigger(stamp, k, success, float(sizes[k]), float(odd[k])))
    return triggers
