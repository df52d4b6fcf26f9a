"""Inputs to a subject: a batch of images or of tokenised texts that can be sliced like a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

Index = slice | Sequence[int] | Tensor


@dataclass(frozen=True)
class Images:
    """Images with values in [0, 1]."""

    pixels: Float[Tensor, "n channels height width"]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: Index) -> Images:
        return Images(self.pixels[index])

    def batches(self, size: int) -> Iterator[Images]:
        """Slices of at most ``size`` inputs, in order."""
        return (self[i : i + size] for i in range(0, len(self), size))

    @staticmethod
    def concat(parts: Sequence[Images]) -> Images:
        """All parts, one after the other."""
        return Images(torch.cat([p.pixels for p in parts]))


@dataclass(frozen=True)
class Texts:
    """Texts as token ids, padded at the right; ``mask`` is 1 on real tokens."""

    ids: Int[Tensor, "n tokens"]
    mask: Int[Tensor, "n tokens"]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: Index) -> Texts:
        return Texts(self.ids[index], self.mask[index])

    def batches(self, size: int) -> Iterator[Texts]:
        """Slices of at most ``size`` inputs, in order."""
        return (self[i : i + size] for i in range(0, len(self), size))

    @staticmethod
    def concat(parts: Sequence[Texts]) -> Texts:
        """All parts, one after the other, padded to the longest."""
        width = max(p.ids.shape[1] for p in parts)

        def wide(x: Tensor) -> Tensor:
            return torch.nn.functional.pad(x, (0, width - x.shape[1]))

        return Texts(torch.cat([wide(p.ids) for p in parts]), torch.cat([wide(p.mask) for p in parts]))


Inputs = Images | Texts
