"""A sparse dictionary: the TopK sparse autoencoder (Gao et al. 2024, arXiv:2406.04093).

Each activation is rebuilt from the ``k`` dictionary rows that answer most strongly to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class TopK:
    """A trained TopK autoencoder."""

    centre: Float[Tensor, " d"]
    scale: float
    """Typical length of a centred activation; the dictionary works in this unit."""
    encoder: Float[Tensor, "width d"]
    bias: Float[Tensor, " width"]
    decoder: Float[Tensor, "width d"]
    k: int

    def encode(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n width"]:
        """Codes: at most ``k`` positive entries a row, zero elsewhere."""
        return _codes((x - self.centre) / self.scale, self.encoder, self.bias, self.k)

    def decode(self, codes: Float[Tensor, "n width"]) -> Float[Tensor, "n d"]:
        """The activations that the codes stand for."""
        decoded: Tensor = codes @ self.decoder * self.scale + self.centre
        return decoded

    def residual(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Length of what the dictionary fails to rebuild."""
        lengths: Tensor = torch.linalg.vector_norm(x - self.decode(self.encode(x)), dim=1)
        return lengths


def _codes(x: Tensor, encoder: Tensor, bias: Tensor, k: int) -> Tensor:
    answers = torch.relu(torch.addmm(bias, x, encoder.T))
    best, where = answers.topk(k, dim=1, sorted=False)
    return torch.zeros_like(answers).scatter(1, where, best)


@torch.no_grad()
def fit_topk(
    x: Float[Tensor, "n d"], *, width: int, k: int, steps: int, rng: torch.Generator, rate: float = 3e-3
) -> TopK:
    """Train on all of ``x`` at once with Adam, decoder rows held at unit length.

    Args:
        x: Activations that the dictionary must rebuild.
        width: Number of dictionary rows.
        k: Rows that may be used for one activation; cut to ``width``.
        steps: Gradient steps, each over the whole of ``x``.
        rng: Draws the initial rows: random activations, so that few rows are dead from the start.
        rate: Adam's learning rate.
    """
    k = min(k, width)
    centre = x.mean(dim=0)
    scale = float((x - centre).square().sum(dim=1).mean().sqrt().clamp_min(1e-8))
    data = (x - centre) / scale
    drawn = data[torch.randint(len(x), (width,), generator=rng)]
    drawn = drawn + 0.1 * torch.randn(drawn.shape, generator=rng).to(x) / x.shape[1] ** 0.5
    rows = torch.nn.functional.normalize(drawn, dim=1)
    decoder, encoder, bias = rows.clone(), rows.clone(), x.new_zeros(width)
    adam = torch.optim.Adam([decoder, encoder, bias], lr=rate, fused=True)
    for _ in range(steps):
        codes = _codes(data, encoder, bias, k)
        wrong = (2 / len(data)) * (codes @ decoder - data)
        # Gradients of the mean squared error by hand: a third of the time that autograd takes at this size.
        to_codes = (wrong @ decoder.T).mul_(codes > 0)
        decoder.grad, encoder.grad, bias.grad = codes.T @ wrong, to_codes.T @ data, to_codes.sum(dim=0)
        adam.step()
        decoder.copy_(torch.nn.functional.normalize(decoder, dim=1))
    for tensor in (decoder, encoder, bias):
        tensor.grad = None
    return TopK(centre, scale, encoder, bias, decoder, k)
