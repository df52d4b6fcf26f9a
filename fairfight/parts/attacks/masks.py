"""A mask and a pattern that bring any picture to a class (Wang et al. 2019, Neural Cleanse).

A planted patch makes one class much cheaper to reach than the others. So do faint patterns over the whole picture, of
which a part is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.attacks.asked import same_size
from fairfight.parts.attacks.stacked import Kind
from fairfight.subject.inputs import Images, Inputs


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
        """Pixels that are covered: the masks' sums."""
        return self.mask.flatten(1).sum(1)

    def __call__(self, inputs: Inputs) -> Images:
        """Pictures with this one stamp on them."""
        assert isinstance(inputs, Images)
        same_size(inputs, self.mask.shape[-2], self.mask.shape[-1])
        mask = self.mask.to(inputs.pixels.device)
        return Images(inputs.pixels * (1 - mask) + self.pattern.to(mask.device) * mask)


def _start(k: int, shape: tuple[int, int, int], rng: torch.Generator) -> list[Tensor]:
    """Half covered with noise."""
    channels, height, width = shape
    mask = 0.1 * torch.randn((k, 1, height, width), generator=rng)
    return [mask, 0.5 * torch.randn((k, channels, height, width), generator=rng)]


STAMPS = Kind("stamp", usual=0.2, start=_start, make=Stamp.of)
