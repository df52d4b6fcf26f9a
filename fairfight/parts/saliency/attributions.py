"""Attributions of a class's logit to pixels, by sixteen methods of Captum in one form (Kokhlikyan et al. 2020).

Casper et al. 2023 hold such methods against an edge detector. Captum is an extra: ``pip install
'fairfight[saliency]'``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.errors import UserError, unknown
from fairfight.parts.attacks.asked import classes_of, known_classes
from fairfight.seeds import derive
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

GREY = 0.5
"""What a pixel is that says nothing."""
CELL = 1 / 8
"""Side of the squares that are taken out together, as a share of the picture's height."""
WINDOW, STRIDE = 1 / 6, 1 / 16
"""Side and step of the window that occlusion moves, as shares of the picture's height."""
POINTS = 24
"""On the way from grey, noisy copies, and draws of what to compare with."""
SAMPLES = 256
"""Pictures with some squares taken out, for methods that fit a model of what these do."""
ORDERS = 6
"""In which squares are taken out one after the other."""
CHUNK = 64
"""Changed pictures a forward pass."""


class Logits(nn.Module):
    """A subject as Captum takes it: a module from pixels to logits."""

    def __init__(self, subject: Subject) -> None:
        """Of a copy: Captum's hooks and notes stay out of the subject."""
        super().__init__()
        own = subject.copy()
        self.inner = own.module
        self._call = own

    def forward(self, pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """Logits."""
        return self._call(Images(pixels))


@dataclass(frozen=True)
class Asked:
    """What a method is given."""

    model: Logits
    pixels: Float[Tensor, "n c h w"]
    target: int
    layer: str
    """The last layer with maps."""

    @property
    def grey(self) -> Float[Tensor, "1 c h w"]:
        """A picture that says nothing."""
        return torch.full_like(self.pixels[:1], GREY)

    @property
    def squares(self) -> Tensor:
        """Which square each pixel is in, ``[1, c, h, w]``."""
        height, width = self.pixels.shape[2:]
        side = max(1, round(CELL * height))
        rows, columns = torch.arange(height) // side, torch.arange(width) // side
        cells = rows[:, None] * (int(columns.max()) + 1) + columns
        return cells.expand(1, self.pixels.shape[1], -1, -1).contiguous().to(self.pixels.device)


Method = Callable[[Asked], Tensor]


def _plain(name: str) -> Method:
    """A method of one pass back."""

    def run(a: Asked) -> Tensor:
        found: Tensor = getattr(_captum(), name)(a.model).attribute(a.pixels, target=a.target)
        return found

    return run


def _deeplift(a: Asked) -> Tensor:
    found: Tensor = _captum().DeepLift(a.model).attribute(a.pixels, baselines=a.grey, target=a.target)
    return found


def _integrated(a: Asked) -> Tensor:
    found: Tensor = (
        _captum()
        .IntegratedGradients(a.model)
        .attribute(a.pixels, baselines=a.grey, target=a.target, n_steps=POINTS, internal_batch_size=CHUNK)
    )
    return found


def _smooth(a: Asked) -> Tensor:
    captum = _captum()
    tunnel = captum.NoiseTunnel(captum.Saliency(a.model))
    spread = 0.15  # of the range of pixels, as published
    found: Tensor = tunnel.attribute(
        a.pixels, nt_type="smoothgrad", nt_samples=POINTS, nt_samples_batch_size=4, stdevs=spread, target=a.target
    )
    return found


def _gradient_shap(a: Asked) -> Tensor:
    greys = torch.cat([torch.full_like(a.grey, x) for x in (0.0, GREY, 1.0)])
    found: Tensor = (
        _captum().GradientShap(a.model).attribute(a.pixels, baselines=greys, n_samples=POINTS, target=a.target)
    )
    return found


def _grad_cam(a: Asked) -> Tensor:
    captum = _captum()
    layer = a.model.inner.get_submodule(a.layer)
    coarse = captum.LayerGradCam(a.model, layer).attribute(a.pixels, target=a.target, relu_attributions=True)
    if coarse.ndim != 4:
        raise UserError("Grad-CAM needs a layer with maps, and the last of the trunk has none: take another method.")
    found: Tensor = captum.LayerAttribution.interpolate(coarse, tuple(a.pixels.shape[2:]), "bilinear")
    return found


def _occlusion(a: Asked) -> Tensor:
    channels, height = a.pixels.shape[1:3]
    side, step = max(1, round(WINDOW * height)), max(1, round(STRIDE * height))
    found: Tensor = (
        _captum()
        .Occlusion(a.model)
        .attribute(
            a.pixels,
            sliding_window_shapes=(channels, side, side),
            strides=(channels, step, step),
            baselines=GREY,
            target=a.target,
            perturbations_per_eval=4,
        )
    )
    return found


def _permutation(a: Asked) -> Tensor:
    if len(a.pixels) < 2:
        raise UserError("Permutation puts squares of one picture into another: give two pictures or more.")
    found: Tensor = _captum().FeaturePermutation(a.model).attribute(a.pixels, target=a.target, feature_mask=a.squares)
    return found


def _by_squares(name: str, alone: bool = False, **options: Any) -> Method:
    """A method that takes squares of pixels out; ``alone`` for one that is given one picture after the other."""

    def run(a: Asked) -> Tensor:
        method = getattr(_captum(), name)(a.model)

        def one(pixels: Tensor) -> Tensor:
            found: Tensor = method.attribute(pixels, baselines=GREY, target=a.target, feature_mask=a.squares, **options)
            return found

        return torch.cat([one(p) for p in a.pixels.split(1)]) if alone else one(a.pixels)

    return run


METHODS: dict[str, Method] = {
    "saliency": _plain("Saliency"),
    "input-x-gradient": _plain("InputXGradient"),
    "integrated-gradients": _integrated,
    "smoothgrad": _smooth,
    "guided-backprop": _plain("GuidedBackprop"),
    "deconvolution": _plain("Deconvolution"),
    "grad-cam": _grad_cam,
    "deeplift": _deeplift,
    "gradient-shap": _gradient_shap,
    "lrp": _plain("LRP"),
    "occlusion": _occlusion,
    "feature-ablation": _by_squares("FeatureAblation", perturbations_per_eval=4),
    "feature-permutation": _permutation,
    "shapley-sampling": _by_squares("ShapleyValueSampling", n_samples=ORDERS, perturbations_per_eval=4),
    "lime": _by_squares("Lime", alone=True, n_samples=SAMPLES, perturbations_per_eval=CHUNK),
    "kernel-shap": _by_squares("KernelShap", alone=True, n_samples=SAMPLES, perturbations_per_eval=CHUNK),
}
"""In order: Simonyan et al. 2014; Shrikumar et al. 2016; Sundararajan et al. 2017; Smilkov et al. 2017; Springenberg
et al. 2015; Zeiler & Fergus 2014; Selvaraju et al. 2017; Shrikumar et al. 2017; Erion et al. 2021; Bach et al. 2015;
Zeiler & Fergus 2014; one square at a time; Fisher et al. 2019; Castro et al. 2009; Ribeiro et al. 2016; Lundberg & Lee
2017."""


def attribution(
    subject: Subject, images: Images, target: int, *, method: str = "occlusion", seed: int = 0
) -> Float[Tensor, "n h w"]:
    """How much each pixel of each picture has to do with a class's logit, whatever the sign.

    Args:
        subject: An image classifier; it is left as it was.
        images: Pictures.
        target: The class.
        method: A name in :data:`METHODS`.
        seed: Draws noise and samples.

    Returns:
        Attributions' sizes, averaged over channels.

    Raises:
        UserError: There is no such method or class; the pictures are not what the subject was made for; Captum is not
            there, or cannot do this with such a network.
    """
    if method not in METHODS:
        raise unknown("attribution method", method, METHODS)
    known_classes([target], classes_of(subject, images))
    asked = Asked(
        Logits(subject),
        images.pixels.to(subject.device, copy=True).requires_grad_(),
        target,
        subject.site(subject.trunk[-1]).module,
    )
    with torch.enable_grad(), _drawn_from(derive(seed, "saliency", method)):
        try:
            found = METHODS[method](asked)
        except (RuntimeError, AssertionError, TypeError, AttributeError) as error:
            raise UserError(f"Captum's {method} does not do on {subject.name}, take another method: {error}") from error
    return found.detach().abs().mean(dim=1).cpu()


@contextmanager
def _drawn_from(seed: int) -> Iterator[None]:
    """Captum draws from torch's and numpy's global generators: they are set inside, and as before afterwards."""
    before = np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            np.random.set_state(before)


def _captum() -> Any:
    """Captum's methods.

    Raises:
        UserError: It is not installed.
    """
    try:
        import captum.attr
    except ModuleNotFoundError as error:
        raise UserError("Attributions need Captum: pip install 'fairfight[saliency]'.") from error
    return captum.attr
