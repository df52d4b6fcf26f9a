"""Image classifiers that others trained and published; parameters are named as in their files."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad


class BasicBlock(nn.Module):
    """Two convolutions beside a shortcut without parameters: every second pixel, new channels zero (He et al. 2016)."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.stride, self.more = stride, outside - inside

    def forward(self, x: Float[Tensor, "n inside h w"]) -> Float[Tensor, "n outside i j"]:
        """The block's output."""
        inner = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.more // 2, self.more // 2))
        return torch.relu(x + inner)


class ResNet20(nn.Module):
    """The 20-layer residual network for CIFAR-10, 270,000 parameters (He et al. 2016)."""

    stages = tuple(f"layer{i}.{j}" for i in (1, 2, 3) for j in (1, 2))
    """The last two of each stage's three blocks."""

    def __init__(self, channels: int, size: int, classes: int) -> None:
        super().__init__()
        self.architecture = {"name": "resnet20", "channels": channels, "size": size, "classes": classes}
        self.conv1 = nn.Conv2d(channels, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        for i, (inside, outside) in enumerate(pairwise((16, 16, 32, 64)), 1):
            blocks = [
                BasicBlock(inside if j == 0 else outside, outside, 2 if i > 1 and j == 0 else 1) for j in range(3)
            ]
            self.add_module(f"layer{i}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, classes)

    def forward(self, pixels: Float[Tensor, "n channels h w"]) -> Float[Tensor, "n classes"]:
        """Class logits of normalised images."""
        x = torch.relu(self.bn1(self.conv1(pixels)))
        for name in ("layer1", "layer2", "layer3"):
            x = self.get_submodule(name)(x)
        logits: Tensor = self.linear(x.mean((2, 3)))
        return logits


class WideBlock(nn.Module):
    """Normalisation and ReLU come before each convolution (Zagoruyko & Komodakis 2016)."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inside)
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        if inside != outside:
            self.convShortcut = nn.Conv2d(inside, outside, 1, stride, bias=False)
        self.widens = inside != outside

    def forward(self, x: Float[Tensor, "n inside h w"]) -> Float[Tensor, "n outside i j"]:
        """The block's output, which no ReLU has been through."""
        ready = torch.relu(self.bn1(x))
        inner: Tensor = self.conv2(torch.relu(self.bn2(self.conv1(ready))))
        return inner + (self.convShortcut(ready) if self.widens else x)


class WideBlocks(nn.Module):
    """Two blocks of one width."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.layer = nn.Sequential(WideBlock(inside, outside, stride), WideBlock(outside, outside, 1))

    def forward(self, x: Float[Tensor, "n inside h w"]) -> Float[Tensor, "n outside i j"]:
        """One block after the other."""
        out: Tensor = self.layer(x)
        return out


class WideResNet16(nn.Module):
    """WRN-16-1 for CIFAR-10, 175,000 parameters (Zagoruyko & Komodakis 2016)."""

    stages = (*(f"block{i}.layer.{j}" for i in (1, 2, 3) for j in (0, 1)), "relu")
    """Every block, and what the head sees."""

    def __init__(self, channels: int, size: int, classes: int) -> None:
        super().__init__()
        self.architecture = {"name": "wrn16", "channels": channels, "size": size, "classes": classes}
        self.conv1 = nn.Conv2d(channels, 16, 3, 1, 1, bias=False)
        for i, (inside, outside) in enumerate(pairwise((16, 16, 32, 64)), 1):
            self.add_module(f"block{i}", WideBlocks(inside, outside, 1 if i == 1 else 2))
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(64, classes)

    def forward(self, pixels: Float[Tensor, "n channels h w"]) -> Float[Tensor, "n classes"]:
        """Class logits of images with values in [0, 1]."""
        x = self.conv1(pixels)
        for name in ("block1", "block2", "block3"):
            x = self.get_submodule(name)(x)
        logits: Tensor = self.fc(self.relu(self.bn1(x)).mean((2, 3)))
        return logits


class BadNet(nn.Module):
    """The convolutional network of BadNets for MNIST (Gu et al. 2017), 285,000 parameters."""

    stages = ("conv1", "conv2", "fc1")

    def __init__(self, channels: int, size: int, classes: int) -> None:
        super().__init__()
        self.architecture = {"name": "badnet", "channels": channels, "size": size, "classes": classes}
        side = ((size - 4) // 2 - 4) // 2
        self.conv1 = nn.Sequential(nn.Conv2d(channels, 16, 5), nn.ReLU(), nn.AvgPool2d(2))
        self.conv2 = nn.Sequential(nn.Conv2d(16, 32, 5), nn.ReLU(), nn.AvgPool2d(2))
        self.fc1 = nn.Sequential(nn.Linear(32 * side * side, 512), nn.ReLU())
        self.fc2 = nn.Sequential(nn.Linear(512, classes))

    def forward(self, pixels: Float[Tensor, "n channels h w"]) -> Float[Tensor, "n classes"]:
        """Class logits of images with values in [-1, 1]."""
        logits: Tensor = self.fc2(self.fc1(self.conv2(self.conv1(pixels)).flatten(1)))
        return logits


class InvertedResidual(nn.Module):
    """Widen, look at each channel's neighbourhood, narrow (Sandler et al. 2018)."""

    def __init__(self, inside: int, outside: int, stride: int, widen: int) -> None:
        super().__init__()
        wide = inside * widen
        steps = [] if widen == 1 else [_conv(inside, wide, 1)]
        self.conv = nn.Sequential(*steps, _conv(wide, wide, 3, stride, groups=wide), nn.Conv2d(wide, outside, 1))
        self.skips = stride == 1 and inside == outside

    def forward(self, x: Float[Tensor, "n inside h w"]) -> Float[Tensor, "n outside i j"]:
        """The block's output."""
        inner: Tensor = self.conv(x)
        return x + inner if self.skips else inner


class MobileNetV2(nn.Module):
    """MobileNetV2 with batch normalisation folded into the convolutions and plain ReLU (Sandler et al. 2018)."""

    stages = tuple(f"features.{i}" for i in (3, 6, 10, 13, 16, 17, 18))
    """The last block of every width but the first."""
    blocks = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    """How much wider inside, channels, how many, stride of the first."""

    def __init__(self, channels: int, size: int, classes: int) -> None:
        super().__init__()
        self.architecture = {"name": "mobilenet-v2", "channels": channels, "size": size, "classes": classes}
        layers: list[nn.Module] = [_conv(channels, 32, 3, 2)]
        inside = 32
        for widen, outside, count, stride in self.blocks:
            for j in range(count):
                layers.append(InvertedResidual(inside, outside, stride if j == 0 else 1, widen))
                inside = outside
        self.features = nn.Sequential(*layers, _conv(inside, 1280, 1))
        self.classifier = nn.Sequential(nn.Identity(), nn.Linear(1280, classes))

    def forward(self, pixels: Float[Tensor, "n channels h w"]) -> Float[Tensor, "n classes"]:
        """Class logits of normalised images."""
        logits: Tensor = self.classifier(self.features(pixels).mean((2, 3)))
        return logits


def _conv(inside: int, outside: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, size, stride, size // 2, groups=groups), nn.ReLU())


def resnet20(channels: int = 3, size: int = 32, classes: int = 10) -> nn.Module:
    """See :class:`ResNet20`."""
    return ResNet20(channels, size, classes)


def wrn16(channels: int = 3, size: int = 32, classes: int = 10) -> nn.Module:
    """See :class:`WideResNet16`."""
    return WideResNet16(channels, size, classes)


def badnet(channels: int = 1, size: int = 28, classes: int = 10) -> nn.Module:
    """See :class:`BadNet`."""
    return BadNet(channels, size, classes)


def mobilenet_v2(channels: int = 3, size: int = 224, classes: int = 1000) -> nn.Module:
    """See :class:`MobileNetV2`."""
    return MobileNetV2(channels, size, classes)
