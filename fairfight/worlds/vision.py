"""Fresh image classifiers for the worlds of images."""

from __future__ import annotations

import torch

from fairfight.errors import unknown
from fairfight.seeds import derive
from fairfight.subject.networks import cnn
from fairfight.subject.subject import Subject
from fairfight.subject.wrapping import wrap

WIDER: dict[str, int] = {"cnn": 1, "cnn-wide": 4}
"""Architectures, and how many times as many channels each has."""


def image_classifier(
    architecture: str, seed: int, *, channels: int, size: int, classes: tuple[str, ...], width: int = 16
) -> Subject:
    """An untrained classifier whose initial weights come from the seed; torch's global generator is left as it was.

    Raises:
        UserError: No architecture of that name.
    """
    if architecture not in WIDER:
        raise unknown("architecture", architecture, WIDER)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "weights"))
        module = cnn(channels=channels, size=size, classes=len(classes), width=WIDER[architecture] * width)
    return wrap(module.eval(), "image-classifier", name=architecture, classes=classes, check=False)
