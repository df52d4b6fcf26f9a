"""Networks by a name that can be stored: our own small ones, and the published ones that real organisms are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from fairfight.errors import unknown
from fairfight.subject.published import badnet, mobilenet_v2, resnet20, wrn16


class ConvNet(nn.Module):
    """Four stages of convolution, batch normalisation and ReLU, each halving the picture; then the mean over space.

    Small enough to train in seconds on one core. In eval mode an image's answer does not depend on its batch.
    """

    stages = ("stage1", "stage2", "stage3", "stage4")

    def __init__(self, channels: int, size: int, classes: int, width: int) -> None:
        """See :func:`cnn`."""
        super().__init__()
        self.architecture = {"name": "cnn", "channels": channels, "size": size, "classes": classes, "width": width}
        widths = (channels, width, 2 * width, 4 * width, 4 * width)
        for i in range(4):
            # A picture of 16 pixels is not halved below two.
            stride = 2 if i < 3 else 1
            self.add_module(f"stage{i + 1}", _stage(widths[i], widths[i + 1], stride))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, pixels: Float[Tensor, "n channels height width"]) -> Float[Tensor, "n classes"]:
        """Class logits of images with values in [0, 1]."""
        x = pixels - 0.5
        for name in self.stages:
            x = self.get_submodule(name)(x)
        logits: Tensor = self.head(self.pool(x).flatten(1))
        return logits


def _stage(inside: int, outside: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


def cnn(channels: int = 3, size: int = 32, classes: int = 10, width: int = 16) -> nn.Module:
    """A small convolutional classifier with four stages.

    Args:
        channels: Of the images.
        size: Height and width, 16 to 64 pixels.
        classes: Number of logits.
        width: Channels of the first stage; the last has four times as many.
    """
    return ConvNet(channels, size, classes, width)


ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "cnn": cnn,
    "badnet": badnet,
    "mobilenet-v2": mobilenet_v2,
    "resnet20": resnet20,
    "wrn16": wrn16,
}
"""What a stored description can name."""


def build_network(architecture: dict[str, Any]) -> nn.Module:
    """The network of a stored description, ``{"name": "cnn", …arguments}``, with fresh weights.

    Raises:
        UserError: The name is not known.
    """
    options = dict(architecture)
    name = options.pop("name", "")
    if name not in ARCHITECTURES:
        raise unknown("architecture", str(name), ARCHITECTURES)
    return ARCHITECTURES[name](**options)
