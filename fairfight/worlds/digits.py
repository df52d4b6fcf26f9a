"""scikit-learn's handwritten digits (Alpaydin & Kaynak 1998): 1,797 grey images, embedded, no download."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Literal

import torch

from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject
from fairfight.worlds.vision import image_classifier
from fairfight.worlds.world import Examples, Part, Schedule, World

SIZE = 16
CLASSES = tuple(str(d) for d in range(10))
TRAIN = 1000
"""How many a subject trains on; the other 797 are held out."""


@cache
def load() -> Examples:
    """All digits in the data set's order, enlarged from 8×8 to 16×16 by repeating pixels, values in [0, 1]."""
    from sklearn.datasets import load_digits

    data = load_digits()
    pixels = torch.from_numpy(data.images).float()[:, None] / 16
    pixels = pixels.repeat_interleave(2, 2).repeat_interleave(2, 3)
    return Examples(Images(pixels), torch.from_numpy(data.target).long(), {"digit": data.target})


@lru_cache(maxsize=16)
def _part(part: Part, seed: int) -> Examples:
    order = torch.randperm(len(load()), generator=torch_rng(seed, "digits"))
    return load()[order[:TRAIN] if part == "train" else order[TRAIN:]]


class _Digits(World):
    """The world of digits: the class is the digit."""

    name = "digits"
    architectures: tuple[str, ...] = ("cnn",)
    pretrained = False

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Which digits are held out is drawn from the seed."""
        return _part(part, seed)

    def labels(self, architecture: str) -> dict[int, str]:
        """The digits."""
        return dict(enumerate(CLASSES))

    def subject(self, architecture: str, seed: int) -> Subject:
        """An untrained convolutional network."""
        return image_classifier(architecture, seed, channels=1, size=SIZE, classes=CLASSES, width=16)

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """About two seconds on one core."""
        if planting == "scratch":
            return Schedule(epochs=12, batch_size=32, lr=0.01, weight_decay=1e-3)
        return Schedule(epochs=6, batch_size=32, lr=0.003, weight_decay=1e-3)


WORLD: World = _Digits()
