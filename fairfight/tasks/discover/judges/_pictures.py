"""Two judges of pictures: a small network trained to tell the options apart, and a count of visual words.

The first looks at pictures and at what has changed in them, the second at which little pieces came in and which went.
Both are made from training pictures with the true triggers in them and know nothing of subjects or contenders.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.faults.adamw import AdamW
from fairfight.parts.bases.kmeans import kmeans
from fairfight.seeds import derive, torch_rng
from fairfight.subject import cnn
from fairfight.subject.inputs import Images, Inputs
from fairfight.tasks.discover.judges import Judge

STEPS, BATCH, RATE = 400, 64, 0.01
"""How the network is trained."""
WIDTH = 16
SHIFT = 4
"""Pixels by which pictures are moved in training at most: a trigger is known by its looks, wherever it lies."""
FAINTEST = 0.6
"""How faint a trigger is in training at most, as a share of its full strength."""
UNSEEN = 0.3
"""Share of lessons in which what has changed is not to be seen, as of candidates that are no change of inputs."""
STRETCH = 2.0
"""What changes are multiplied by."""
SIDE = 5
"""Pixels a side of a visual word."""
WORDS = 192
PIECES = 12_000
"""Pieces of picture that words are made from."""
SHARPNESS = 12.0
"""Inverse temperature of the visual words' likeness."""
HEIGHT = 32
"""About so many pixels high are pictures when judges look at them: triggers in larger ones have larger cells."""


class Network:
    """Reads a candidate's pictures as a network that was trained on the options reads them."""

    name = "network"

    def __init__(self, options: Sequence[Float[Tensor, "n c h w"]], bases: Float[Tensor, "n c h w"], seed: int) -> None:
        """Train on every option's pictures, moved about and of different strength."""
        channels, height, _ = bases.shape[1:]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, "judge"))
            self._net = cnn(channels=2 * channels, size=height, classes=len(options), width=WIDTH)
        rng = torch_rng(seed, "judge", "lessons")
        stack = torch.stack(list(options))
        descent = AdamW.over(list(self._net.parameters()), 1e-3)
        self._net.train()
        with torch.enable_grad():
            for step in range(STEPS):
                which = torch.randint(len(options), (BATCH,), generator=rng)
                rows = torch.randint(len(bases), (BATCH,), generator=rng)
                strength = 1 - (1 - FAINTEST) * torch.rand(BATCH, 1, 1, 1, generator=rng)
                change = strength * (stack[which, rows] - bases[rows])
                seen = torch.rand(BATCH, 1, 1, 1, generator=rng) > UNSEEN
                by = torch.randint(-SHIFT, SHIFT + 1, (2,), generator=rng).tolist()
                both = torch.cat([bases[rows] + change, STRETCH * change * seen], dim=1).roll(by, (2, 3))
                loss = torch.nn.functional.cross_entropy(self._net(both), which)
                loss.backward()
                descent.step(RATE * min(1.0, 2 - 2 * step / STEPS))
        descent.release()
        self._net.eval().requires_grad_(False)

    @torch.no_grad()
    def likelihoods(self, shown: Inputs, bases: Inputs | None) -> np.ndarray:
        """Mean log-likelihood over the pictures, as probabilities."""
        assert isinstance(shown, Images)
        pixels = _small(shown.pixels)
        change = torch.zeros_like(pixels) if bases is None else pixels - _small(bases.pixels)  # type: ignore[union-attr]
        both = torch.cat([pixels, STRETCH * change], dim=1)
        found = self._net(both).log_softmax(dim=1).mean(dim=0).softmax(dim=0)
        return np.asarray(found.double().numpy())


class VisualWords:
    """Counts little pieces of picture by which of some typical ones they are most like."""

    name = "visual-words"

    def __init__(self, options: Sequence[Float[Tensor, "n c h w"]], bases: Float[Tensor, "n c h w"], seed: int) -> None:
        """Make the words, and count what each option brings in and takes away."""
        rng = torch_rng(seed, "words")
        pieces = torch.cat([_pieces(x) for x in (*options, bases)]).flatten(0, 1)
        some = pieces[torch.randperm(len(pieces), generator=rng)[:PIECES]]
        self._words = kmeans(some, k=WORDS, rng=rng, rounds=12).rows
        self._usual = self._counts(bases)
        self._options = torch.stack([_unit(self._counts(x) - self._usual) for x in options])

    def _counts(self, pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, " words"]:
        """Mean share of each word in the pictures."""
        pieces = _pieces(pixels).flatten(0, 1)
        half = self._words.square().sum(dim=1) / 2
        nearest = torch.cat([(part @ self._words.T - half).argmax(dim=1) for part in pieces.split(8192)])
        return torch.bincount(nearest, minlength=len(self._words)).float().div(len(pieces)).sqrt()

    @torch.no_grad()
    def likelihoods(self, shown: Inputs, bases: Inputs | None) -> np.ndarray:
        """By the cosine between what the candidate and what each option brings in and takes away."""
        assert isinstance(shown, Images)
        before = self._usual if bases is None else self._counts(_small(bases.pixels))  # type: ignore[union-attr]
        like = self._options @ _unit(self._counts(_small(shown.pixels)) - before)
        return (SHARPNESS * like).softmax(dim=0).double().numpy()


def judges_of_pictures(options: Sequence[Inputs], bases: Inputs, seed: int) -> tuple[Judge, ...]:
    """Both judges."""
    assert isinstance(bases, Images)
    pixels, plain = [_small(x.pixels) for x in options if isinstance(x, Images)], _small(bases.pixels)
    return Network(pixels, plain, seed), VisualWords(pixels, plain, seed)


def _small(pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c a b"]:
    """Large pictures in about the size that judges look at; small ones as they are."""
    times = pixels.shape[2] // HEIGHT
    return pixels if times < 2 else torch.nn.functional.avg_pool2d(pixels, times)


def _pieces(pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n places d"]:
    return torch.nn.functional.unfold(pixels, SIDE, stride=2).transpose(1, 2)


def _unit(x: Float[Tensor, " words"]) -> Float[Tensor, " words"]:
    return torch.nn.functional.normalize(x, dim=0, eps=1e-9)
