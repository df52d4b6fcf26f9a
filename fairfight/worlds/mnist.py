"""MNIST (LeCun et al. 1998): handwritten digits, 28×28, for the network that BadNets published a trojan in."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import torch

from fairfight.errors import UserError, unknown
from fairfight.seeds import derive
from fairfight.subject.inputs import Images
from fairfight.subject.networks import build_network
from fairfight.subject.subject import Subject
from fairfight.subject.wrapping import wrap
from fairfight.worlds.pictures import published, some
from fairfight.worlds.sources import folder
from fairfight.worlds.world import Examples, Part, Schedule, World

SIZE = 28
CLASSES = tuple(str(d) for d in range(10))
COUNTS: dict[str, int] = {"train": 12000, "pool": 3000}
"""How many of the 60,000 training and of the 10,000 test digits a seed draws."""
PIXEL_SCALE = ((0.5,), (0.5,))


@lru_cache(maxsize=4)
def _part(part: Part, seed: int) -> Examples:
    file = folder("mnist") / f"mnist_{'train' if part == 'train' else 'test'}.npz"
    try:
        with np.load(file, allow_pickle=False) as z:
            pictures, labels = z["x"], z["y"].astype(np.int64)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{file} is no npz with x and y: docs/real.md says what belongs in the folder.") from error
    rows = some(COUNTS[part], len(labels), seed, f"mnist {part}")
    pixels = torch.from_numpy(pictures[rows]).float()[:, None] / 255
    return Examples(Images(pixels), torch.from_numpy(labels[rows]), {"place": np.arange(len(rows))})


def trojaned() -> Subject:
    """The network that BadNets' trojan came with."""
    file = folder("trojan-badnets") / "badnet_mnist.safetensors"
    return published(file, "badnet", CLASSES, channels=1, size=SIZE, pixel_scale=PIXEL_SCALE)


class _Mnist(World):
    """The world of MNIST: the class is the digit."""

    name = "mnist"
    architectures: tuple[str, ...] = ("badnet",)
    pretrained = False

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Which digits of the training and of the test set are used is drawn from the seed."""
        return _part(part, seed)

    def labels(self, architecture: str) -> dict[int, str]:
        """The digits."""
        return dict(enumerate(CLASSES))

    def subject(self, architecture: str, seed: int) -> Subject:
        """An untrained network of BadNets' architecture: no clean one was published."""
        if architecture not in self.architectures:
            raise unknown("architecture for mnist", architecture, self.architectures)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, "weights"))
            module = build_network({"name": "badnet", "channels": 1, "size": SIZE, "classes": len(CLASSES)})
        return wrap(
            module, "image-classifier", name=architecture, classes=CLASSES, pixel_scale=PIXEL_SCALE, check=False
        )

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """About twenty seconds on one core."""
        if planting == "scratch":
            return Schedule(epochs=3, batch_size=64, lr=2e-3, weight_decay=1e-4)
        return Schedule(epochs=2, batch_size=64, lr=1e-3, weight_decay=1e-4)


WORLD: World = _Mnist()
