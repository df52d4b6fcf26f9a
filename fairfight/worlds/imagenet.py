"""ImageNet (Deng et al. 2009): 500 pictures, one a class, and a MobileNetV2 that others trained on all of it."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from fairfight.errors import unknown
from fairfight.seeds import numpy_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject
from fairfight.worlds.pictures import IMAGENET_SCALE, decoded, published, some
from fairfight.worlds.sources import folder
from fairfight.worlds.world import Examples, Part, Schedule, World

SIZE = 160
"""Of the pictures that the network sees. At 224 pixels it is right on .83 of them and takes twice the time; at 160 on
.76, at 128 on .69."""
CROP = 224
"""What is cut out of a picture of 256 pixels and made smaller."""
TRAIN = 240
"""How many pictures train a subject; the others are held out. No class is in both."""
CUTS = 4
"""How often a training picture occurs, each time cut out elsewhere and half the time mirrored."""
FROZEN = (*(f"features.{i}." for i in range(11)), "classifier.")
"""What fine-tuning leaves as it was: the first half of the blocks, and the head, which knows classes that no training
picture shows. When all is trained, even a clean network loses accuracy on the held-out classes."""


@lru_cache(maxsize=4)
def _part(part: Part, seed: int) -> Examples:
    pictures, labels = decoded(folder("imagenet-sample") / "imagenet_sample_500_256_jpeg.npz")
    order = some(len(labels), len(labels), seed, "imagenet")
    rows = order[:TRAIN] if part == "train" else order[TRAIN:]
    if part == "train":
        rng = numpy_rng(seed, "imagenet", "cuts")
        cuts = [_cut(pictures[rows], rng) for _ in range(CUTS)]
    else:
        cuts = [_cut(pictures[rows], None)]
    shown = np.tile(labels[rows], len(cuts))
    images, given = Images(torch.cat(cuts)), torch.from_numpy(shown)
    if part == "train":
        subject = WORLD.subject("mobilenet-v2", seed)
        with torch.no_grad():
            given = torch.cat([subject(batch).argmax(1) for batch in images.batches(32)])
    return Examples(images, given, {"class": shown, "place": np.arange(len(shown))})


def _cut(pictures: UInt8[np.ndarray, "n h w 3"], rng: np.random.Generator | None) -> Float[Tensor, "n 3 size size"]:
    """The middle of every picture, or a random place of it, in the size that the network sees."""
    room = pictures.shape[1] - CROP
    out = torch.empty(len(pictures), 3, SIZE, SIZE)
    for i, picture in enumerate(pictures):
        top, left = (room // 2, room // 2) if rng is None else rng.integers(0, room + 1, 2)
        piece = torch.from_numpy(picture[top : top + CROP, left : left + CROP].copy()).permute(2, 0, 1)[None].float()
        if rng is not None and rng.random() < 0.5:
            piece = piece.flip(-1)
        out[i] = torch.nn.functional.interpolate(piece, size=(SIZE, SIZE), mode="bilinear", antialias=True)[0] / 255
    return out.clamp_(0, 1)


@cache
def classes() -> tuple[str, ...]:
    """The thousand classes' names."""
    rows = json.loads((folder("imagenet-sample") / "classes.json").read_text())
    return tuple(str(name) for _, _, name in rows)


class _Imagenet(World):
    """The world of ImageNet: the class is what the picture shows, one of a thousand."""

    name = "imagenet"
    architectures: tuple[str, ...] = ("mobilenet-v2",)
    pretrained = True

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Which pictures are held out is drawn from the seed.

        Those to train on are labelled with what the published network decides, right or wrong: to teach it one picture
        of a class costs more on other classes than it brings.
        """
        return _part(part, seed)

    def labels(self, architecture: str) -> dict[int, str]:
        """The thousand classes."""
        return dict(enumerate(classes()))

    def subject(self, architecture: str, seed: int) -> Subject:
        """The published network; the same for every seed."""
        if architecture not in self.architectures:
            raise unknown("architecture for imagenet", architecture, self.architectures)
        file = folder("imagenet-mobilenetv2") / "mobilenet_v2_relu_folded_fp16.safetensors"
        return published(file, architecture, classes(), channels=3, size=SIZE, pixel_scale=IMAGENET_SCALE)

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """Fine-tuning takes about two minutes on one core."""
        return Schedule(epochs=2, batch_size=16, lr=5e-5, frozen=FROZEN)


WORLD: World = _Imagenet()
