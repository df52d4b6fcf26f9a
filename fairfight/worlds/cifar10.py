"""CIFAR-10 (Krizhevsky 2009), as JPEGs, with networks that others trained on it."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import torch

from fairfight.errors import unknown
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject
from fairfight.worlds.pictures import IMAGENET_SCALE, decoded, published, some
from fairfight.worlds.sources import folder
from fairfight.worlds.world import Examples, Part, Schedule, World

SIZE = 32
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
COUNTS: dict[str, int] = {"train": 6000, "pool": 3000}
"""How many of the 20,000 training and of the 10,000 test pictures a seed draws."""
NETWORKS: dict[str, str] = {
    "resnet20": "cifar10-resnets/resnet20",
    "wrn16": "trojan-cifar10-wrn16/nad_teacher_finetuned_clean",
    "wrn16-erased": "trojan-cifar10-wrn16/nad_erased",
}
"""Clean networks by architecture. Those of WRN-16-1 (Li et al. 2021, NAD) were trojaned once: one has been fine-tuned
on clean pictures until nothing of it was left, the other has had it erased."""


@lru_cache(maxsize=4)
def _part(part: Part, seed: int) -> Examples:
    file = folder("cifar10") / f"cifar10_{'train' if part == 'train' else 'test'}_jpeg.npz"
    pictures, labels = decoded(file)
    rows = some(COUNTS[part], len(labels), seed, f"cifar10 {part}")
    pixels = torch.from_numpy(pictures[rows]).permute(0, 3, 1, 2).float().contiguous() / 255
    return Examples(Images(pixels), torch.from_numpy(labels[rows]), {"place": np.arange(len(rows))})


def network(name: str) -> Subject:
    """A network from its file's path in the data folder, without the ending."""
    base, file = name.split("/")
    residual = base == "cifar10-resnets"
    return published(
        folder(base) / f"{file}.safetensors",
        "resnet20" if residual else "wrn16",
        CLASSES,
        channels=3,
        size=SIZE,
        pixel_scale=IMAGENET_SCALE if residual else None,
    )


class _Cifar10(World):
    """The world of CIFAR-10: the class is what the picture shows."""

    name = "cifar10"
    architectures: tuple[str, ...] = tuple(NETWORKS)
    pretrained = True

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Which pictures of the training and of the test set are used is drawn from the seed."""
        return _part(part, seed)

    def labels(self, architecture: str) -> dict[int, str]:
        """The ten classes."""
        return dict(enumerate(CLASSES))

    def subject(self, architecture: str, seed: int) -> Subject:
        """The published clean network; the same for every seed."""
        if architecture not in NETWORKS:
            raise unknown("architecture for cifar10", architecture, NETWORKS)
        return network(NETWORKS[architecture])

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """Fine-tuning takes under a minute on one core."""
        return Schedule(epochs=2, batch_size=64, lr=1e-3, weight_decay=1e-4)


WORLD: World = _Cifar10()
