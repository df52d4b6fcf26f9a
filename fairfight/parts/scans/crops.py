"""Pieces of natural pictures, and what they do to decisions when they are pasted into others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.attacks.patch import Patch
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

CHUNK = 512
"""Pictures a forward pass."""


@dataclass(frozen=True)
class Crops:
    """Square pieces of pictures, with where each one was."""

    pixels: Float[Tensor, "n c s s"]
    rows: Int[Tensor, " n"]
    """The picture that each is from."""
    tops: Int[Tensor, " n"]
    lefts: Int[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: Tensor) -> Crops:
        return Crops(self.pixels[index], self.rows[index], self.tops[index], self.lefts[index])

    def change(self, i: int) -> Patch:
        """Pastes one of them where it was."""
        return Patch(self.pixels[i].cpu(), int(self.tops[i]), int(self.lefts[i]))

    def pasted(self, onto: Float[Tensor, "b c h w"]) -> Float[Tensor, "n b c h w"]:
        """Every piece on every picture, where it was in its own."""
        n, side = len(self), self.pixels.shape[-1]
        out = onto[None].repeat(n, 1, 1, 1, 1)
        along = torch.arange(side)
        ys, xs = (self.tops[:, None] + along)[:, :, None], (self.lefts[:, None] + along)[:, None, :]
        which = torch.arange(n)[:, None, None]
        # Indices with slices between them put the indexed dimensions first: [n, s, s, b, c].
        out[which, :, :, ys, xs] = self.pixels.permute(0, 2, 3, 1)[:, :, :, None]
        return out

    def chunks(self, onto: Float[Tensor, "b c h w"]) -> Iterator[Images]:
        """All of :meth:`pasted`, a few pieces at a time; pictures of one piece stay together."""
        step = max(1, CHUNK // len(onto))
        for i in range(0, len(self), step):
            some = torch.arange(i, min(i + step, len(self)))
            yield Images(self[some].pasted(onto).flatten(0, 1))


def tiles(pixels: Float[Tensor, "n c h w"], *, share: float = 0.375, across: int = 3) -> Crops:
    """Overlapping windows that cover each picture.

    Args:
        pixels: Pictures.
        share: Side of a window, as a share of the shorter side of a picture.
        across: Windows in a row and in a column.

    Raises:
        UserError: The windows would leave gaps, or be larger than the picture.
    """
    n, _, height, width = pixels.shape
    side = round(share * min(height, width))
    if not 1 <= side <= min(height, width) or across * side < max(height, width):
        raise UserError(
            f"{across} windows in a row with sides of {share} do not cover a picture: take more, or larger ones."
        )
    tops = torch.linspace(0, height - side, across).round().long()
    lefts = torch.linspace(0, width - side, across).round().long()
    places = torch.cartesian_prod(tops, lefts)
    pieces = [pixels[:, :, t : t + side, left : left + side] for t, left in places.tolist()]
    return Crops(
        torch.stack(pieces, dim=1).flatten(0, 1),
        torch.arange(n).repeat_interleave(len(places)),
        places[:, 0].repeat(n),
        places[:, 1].repeat(n),
    )


@torch.no_grad()
def rises(
    subject: Subject, crops: Crops, onto: Float[Tensor, "b c h w"], labels: Int[Tensor, " b"]
) -> Float[Tensor, "n classes"]:
    """By how much each piece raises each class's probability, averaged over pictures of other classes.

    Args:
        subject: An image classifier.
        crops: The pieces.
        onto: Pictures that they are pasted on.
        labels: Of these pictures; a class for which all are of it has no rise.
    """
    before = subject(Images(onto)).softmax(dim=1)
    other = torch.nn.functional.one_hot(labels.to(before.device), before.shape[1]) == 0
    weight = other / other.sum(dim=0).clamp_min(1)
    found = []
    for batch in crops.chunks(onto):
        after = subject(batch).softmax(dim=1).view(-1, *before.shape)
        found.append(((after - before) * weight).sum(dim=1).cpu())
    return torch.cat(found)
