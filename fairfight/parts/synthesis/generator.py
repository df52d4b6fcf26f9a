"""A small generator of pieces of pictures, trained on unlabelled ones (Casper et al. 2022, feature-level adversaries).

Patches that a generator makes look like what occurs in the pictures, so that what works may also be recognised. Here it
is the decoder of an autoencoder with one inner layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.faults.adamw import AdamW, one_cycle
from fairfight.parts.attacks.asked import fitting
from fairfight.parts.synthesis.patches import variation
from fairfight.parts.synthesis.search import Material
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

HIDDEN, CODE = 96, 24
"""Units of the inner layer and of the code."""
RATE = 0.005


@dataclass(frozen=True)
class Generator:
    """Codes to an inner layer to the pixels of a piece."""

    shape: tuple[int, int, int]
    inner: Float[Tensor, "code hidden"]
    inner_bias: Float[Tensor, " hidden"]
    outer: Float[Tensor, "hidden pixels"]
    outer_bias: Float[Tensor, " pixels"]
    codes: Float[Tensor, "n code"]
    """Of pieces of the pictures that it was trained on."""

    def layer(self, codes: Float[Tensor, "k code"]) -> Float[Tensor, "k hidden"]:
        """The inner layer."""
        return torch.relu(codes @ self.inner + self.inner_bias)

    def pieces(self, layer: Float[Tensor, "k hidden"]) -> Float[Tensor, "k c s s"]:
        """Pixels in [0, 1] from the inner layer."""
        pixels: Tensor = (layer @ self.outer + self.outer_bias).sigmoid()
        return pixels.reshape(-1, *self.shape)


def cut(pixels: Float[Tensor, "n c h w"], side: int, count: int, rng: torch.Generator) -> Float[Tensor, "count c s s"]:
    """Square pieces of pictures, from anywhere."""
    rows = torch.randint(len(pixels), (count, 1, 1), generator=rng)
    top, left = (torch.randint(n - side + 1, (count, 1, 1), generator=rng) for n in pixels.shape[2:])
    steps = torch.arange(side)
    return pixels[rows, :, top + steps[:, None], left + steps].permute(0, 3, 1, 2)


def train_generator(
    pixels: Float[Tensor, "n c h w"], side: int, *, steps: int, rng: torch.Generator, batch: int = 128
) -> Generator:
    """An autoencoder of square pieces of pictures, without its encoder.

    Args:
        pixels: Unlabelled pictures.
        side: Of a piece, in pixels.
        steps: Of Adam.
        rng: Draws weights and pieces.
        batch: Pieces a step.

    Raises:
        UserError: A piece is larger than a picture.
    """
    fitting(side, pixels.shape[2], pixels.shape[3])
    channels = pixels.shape[1]
    size = channels * side * side

    def layer(inside: int, outside: int) -> list[nn.Parameter]:
        first = torch.randn((inside, outside), generator=rng) / math.sqrt(inside)
        return [nn.Parameter(first), nn.Parameter(torch.zeros(outside))]

    own = [*layer(size, HIDDEN), *layer(HIDDEN, CODE), *layer(CODE, HIDDEN), *layer(HIDDEN, size)]
    a, a0, b, b0, c, c0, d, d0 = own

    def code(x: Tensor) -> Tensor:
        return ((x.flatten(1) - 0.5) @ a + a0).relu() @ b + b0

    descent = AdamW.over(own, 0.0)
    with torch.enable_grad():
        for step in range(steps):
            x = cut(pixels, side, batch, rng)
            made = ((code(x) @ c + c0).relu() @ d + d0).sigmoid()
            (made - x.flatten(1)).square().mean().backward()
            descent.step(one_cycle(step, steps, RATE))
    descent.release()
    with torch.no_grad():
        codes = code(cut(pixels, side, 512, rng))
    shape = (channels, side, side)
    return Generator(shape, c.detach(), c0.detach(), d.detach(), d0.detach(), codes)


def perturbed(generator: Generator, *, usual: float, rate: float) -> Material:
    """Patches from a code of a real piece, with a perturbation of the inner layer and, slower, of the code."""
    usually = generator.layer(generator.codes).std(0) + 0.1 * generator.outer.new_ones(HIDDEN)

    def start(k: int, rng: torch.Generator) -> list[Tensor]:
        rows = torch.randint(len(generator.codes), (k,), generator=rng)
        return [generator.codes[rows].clone(), torch.zeros(k, HIDDEN)]

    def paint(raw: Sequence[Tensor]) -> Float[Tensor, "k c s s"]:
        return generator.pieces(generator.layer(raw[0]) + usually * raw[1])

    return Material("perturbed", usual=usual, rate=rate, start=start, paint=paint)


def retrained(generator: Generator, *, usual: float, rate: float) -> Material:
    """Patches from a code of a real piece, each by a copy of the generator whose inner weights are trained on."""

    def start(k: int, rng: torch.Generator) -> list[Tensor]:
        rows = torch.randint(len(generator.codes), (k,), generator=rng)
        return [generator.codes[rows].clone(), torch.zeros(k, CODE, HIDDEN), torch.zeros(k, HIDDEN)]

    def paint(raw: Sequence[Tensor]) -> Float[Tensor, "k c s s"]:
        codes = raw[0]
        layer = codes @ generator.inner + generator.inner_bias
        layer = layer + torch.bmm(codes[:, None], raw[1])[:, 0] + raw[2]
        return generator.pieces(layer.relu())

    return Material("retrained", usual=usual, rate=rate, start=start, paint=paint)


@dataclass(frozen=True)
class Unlike:
    """What a patch should keep low: its variation, and how much it looks like its target when it is seen alone.

    It is seen as large as a whole picture, by a smoothed copy of the subject: through noise (Cohen et al. 2019). So a
    patch that works does so by what was planted, not by being the class.
    """

    subject: Subject
    size: tuple[int, int]
    noise: Float[Tensor, "c h w"]
    smooth: float
    unlike: float
    """Weight, relative to variation's ``smooth``."""

    def __call__(self, patches: Float[Tensor, "k c s s"]) -> Float[Tensor, " k"]:
        """In nats. The patches' targets are all classes in order, each as often."""
        cost = self.smooth * variation(patches)
        if not self.unlike:
            return cost
        large = torch.nn.functional.interpolate(patches, self.size, mode="bilinear", align_corners=False)
        logits = self.subject(Images((large + self.noise).clamp(0, 1)))
        targets = torch.arange(logits.shape[1]).repeat_interleave(len(patches) // logits.shape[1])
        return cost + self.unlike * logits.softmax(1)[torch.arange(len(patches)), targets]
