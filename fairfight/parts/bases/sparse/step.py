"""One training step, with gradients by hand: what a latent that is silent costs is its answer and no more.

With R rows and about k latents that fire in each, the decoder and all gradients touch R × k rows of the dictionary,
where automatic differentiation would form R × width matrices several times over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.parts.bases.sparse.select import largest

PARTS = ("encoder", "decoder", "bias", "centre", "log_threshold")


@dataclass
class Parameters:
    """What is trained, in one flat vector, with its gradient and Adam's running moments (Kingma & Ba 2015)."""

    width: int
    d: int
    flat: Float[Tensor, " p"]
    gradient: Float[Tensor, " p"] = field(init=False)
    mean: Float[Tensor, " p"] = field(init=False)
    square: Float[Tensor, " p"] = field(init=False)
    steps: Float[Tensor, ""] = field(init=False)

    def __post_init__(self) -> None:
        self.gradient, self.mean, self.square = (torch.zeros_like(self.flat) for _ in range(3))
        self.steps = torch.zeros(())
        self.encoder, self.decoder, self.bias, self.centre, self.log_threshold = self._views(self.flat)
        self.to_encoder, self.to_decoder, self.to_bias, self.to_centre, self.to_threshold = self._views(self.gradient)

    @classmethod
    def starting_at(cls, rows: Float[Tensor, "width d"]) -> Parameters:
        """Unit rows that read and write alike."""
        width, d = rows.shape
        parts = (rows.flatten(), rows.flatten(), rows.new_zeros(width), rows.new_zeros(d), rows.new_zeros(width))
        return cls(width, d, torch.cat(parts))

    def _views(self, flat: Tensor) -> tuple[Tensor, ...]:
        w, d = self.width, self.d
        encoder, decoder, bias, centre, threshold = flat.split([w * d, w * d, w, d, w])
        return encoder.view(w, d), decoder.view(w, d), bias, centre, threshold

    def update(self, rate: float) -> None:
        """One step of Adam that keeps the decoder's rows at unit length.

        What would only lengthen a row is taken out of the gradient, so that it does not fill Adam's moments.
        """
        along = (self.to_decoder * self.decoder).sum(dim=1, keepdim=True)
        self.to_decoder.addcmul_(along, self.decoder, value=-1)
        self.steps += 1
        torch._fused_adam_(
            [self.flat], [self.gradient], [self.mean], [self.square], [], [self.steps],
            lr=rate, beta1=0.9, beta2=0.999, weight_decay=0.0, eps=1e-8, amsgrad=False, maximize=False,
        )  # fmt: skip
        self.decoder.div_(torch.linalg.vector_norm(self.decoder, dim=1, keepdim=True).clamp_min_(1e-12))


class Fired(NamedTuple):
    """Which latents fire on which rows, and how strongly; pairs are ordered by row."""

    rows: Int[Tensor, " pairs"]
    latents: Int[Tensor, " pairs"]
    values: Float[Tensor, " pairs"]
    starts: Int[Tensor, " n"]
    """Index of each row's first pair."""


class Outcome(NamedTuple):
    """What a step saw."""

    loss: Float[Tensor, ""]
    """Mean squared length of what was not rebuilt."""
    fired: Bool[Tensor, " width"]
    smallest: Float[Tensor, ""]
    """The weakest answer that was kept."""


def answers(p: Parameters, x: Float[Tensor, "n d"], low: bool) -> Float[Tensor, "n width"]:
    """Every latent's answer to centred rows; in bfloat16, for choosing among them only, if ``low``."""
    if low:
        return torch.addmm(p.bias.bfloat16(), x.bfloat16(), p.encoder.bfloat16().T)
    return torch.addmm(p.bias, x, p.encoder.T)


def dots(a: Float[Tensor, "n d"], table: Float[Tensor, "width d"], pairs: Fired) -> Float[Tensor, " pairs"]:
    """The scalar product of each pair's row of ``a`` and row of ``table``, without gathering either."""
    products: Tensor = torch.ops.aten._embedding_bag_per_sample_weights_backward(
        a, table, pairs.latents, pairs.starts, pairs.rows, 0
    )
    return products


def mixed(table: Float[Tensor, "m d"], which: Tensor, weights: Tensor, starts: Tensor) -> Float[Tensor, "bags d"]:
    """Weighted sums of rows of ``table``, a bag of pairs each."""
    out: Tensor = torch.embedding_bag(table, which, starts, False, 0, False, weights)[0]
    return out


def choose_topk(p: Parameters, x: Float[Tensor, "n d"], k: int, low: bool) -> Fired:
    """The ``k`` latents that answer each row most strongly."""
    values, latents = largest(answers(p, x, low), k)
    n = len(x)
    starts = torch.arange(0, n * k, k)
    pairs = Fired(torch.arange(n).repeat_interleave(k), latents.flatten(), values.flatten(), starts)
    return pairs._replace(values=_exact(p, x, pairs) if low else pairs.values.relu())


def choose_batchtopk(p: Parameters, x: Float[Tensor, "n d"], k: int, low: bool) -> Fired:
    """The ``n k`` strongest answers of the whole batch."""
    n = len(x)
    values, where = largest(answers(p, x, low).view(1, -1), n * k)
    where, order = where[0].sort()
    rows = where // p.width
    starts = torch.searchsorted(rows, torch.arange(n))
    pairs = Fired(rows, where - rows * p.width, values[0][order], starts)
    return pairs._replace(values=_exact(p, x, pairs) if low else pairs.values.relu())


def _exact(p: Parameters, x: Tensor, pairs: Fired) -> Tensor:
    return (dots(x, p.encoder, pairs) + p.bias[pairs.latents]).relu_()


def sparse_step(
    p: Parameters,
    x: Float[Tensor, "n d"],
    k: int,
    *,
    batchwise: bool = False,
    low: bool = False,
    dead: Bool[Tensor, " width"] | None = None,
    auxiliary: float = 0.0,
) -> Outcome:
    """Fill the gradient for TopK or BatchTopK.

    Args:
        p: Parameters; their gradient is overwritten.
        x: Rows in units in which their mean squared length is one.
        k: Latents that fire in each row, or on average if ``batchwise``.
        batchwise: Choose over the batch instead of row by row.
        low: Choose in bfloat16; what is chosen is computed in full precision all the same.
        dead: Latents that have not fired for long. They learn to rebuild what the others leave (Gao et al. 2024).
        auxiliary: Weight of that second loss.
    """
    n = len(x)
    centred = x - p.centre
    pairs = (choose_batchtopk if batchwise else choose_topk)(p, centred, k, low)
    wrong = mixed(p.decoder, pairs.latents, pairs.values, pairs.starts) - centred
    loss = wrong.square().sum() / n
    _gradient(p, centred, wrong * (2 / n), pairs, add=False)
    if dead is not None and auxiliary and bool(dead.any()):
        _revive(p, centred, -wrong, dead, auxiliary)
    fired = torch.zeros(p.width, dtype=torch.bool)
    firing = pairs.values > 0
    fired[pairs.latents[firing]] = True
    weakest = torch.where(firing, pairs.values, torch.inf).amin()
    return Outcome(loss, fired, weakest)


def _gradient(p: Parameters, x: Tensor, wrong: Tensor, pairs: Fired, *, add: bool) -> None:
    """Gradients from the derivative ``wrong`` [n, d] with respect to what was rebuilt."""
    to_values = dots(wrong, p.decoder, pairs)
    if not add:
        to_values *= pairs.values > 0
    # The same pairs ordered by latent, so that each row of the dictionary is written once.
    latents, order = pairs.latents.sort(stable=True)
    rows = pairs.rows[order]
    starts = torch.searchsorted(latents, torch.arange(p.width))
    decoder = mixed(wrong, rows, pairs.values[order], starts)
    encoder = mixed(x, rows, to_values[order], starts)
    bias = torch.zeros_like(p.bias).index_add_(0, pairs.latents, to_values)
    if add:
        p.to_decoder += decoder
        p.to_encoder += encoder
        p.to_bias += bias
        return  # What is left to rebuild is taken as given: it does not move the centre.
    p.to_decoder.copy_(decoder)
    p.to_encoder.copy_(encoder)
    p.to_bias.copy_(bias)
    # The centre is added at the end and taken off at the beginning.
    p.to_centre.copy_(wrong.sum(dim=0) - bias @ p.encoder)


def _revive(p: Parameters, x: Tensor, left: Tensor, dead: Tensor, weight: float) -> None:
    """Let the dead latents that answer most strongly rebuild what is left [n, d].

    Unlike in the paper their answers are not cut off at zero: one that is silent everywhere could not come back.
    """
    n, d = x.shape
    which = dead.nonzero().flatten()
    k = min(max(d // 2, 1), len(which))
    values, chosen = largest(torch.addmm(p.bias[which], x, p.encoder[which].T), k)
    pairs = Fired(
        torch.arange(n).repeat_interleave(k),
        which[chosen.flatten()],
        values.flatten(),
        torch.arange(0, n * k, k),
    )
    wrong = mixed(p.decoder, pairs.latents, pairs.values, pairs.starts) - left
    share = min(len(which) / max(d // 2, 1), 1.0)
    _gradient(p, x, wrong * (2 * weight * share / n), pairs, add=True)


def jumprelu_step(
    p: Parameters,
    x: Float[Tensor, "n d"],
    k: int,
    *,
    bandwidth: float,
    sparsity: float,
    dead: Bool[Tensor, " width"] | None = None,
    auxiliary: float = 0.0,
) -> Outcome:
    """Fill the gradient for JumpReLU (Rajamanoharan et al. 2024): thresholds learn by a straight-through estimate.

    The penalty is ``sparsity × (L0 / k - 1)²``, the paper's variant that aims at a given number of latents.

    Args:
        p: Parameters; their gradient is overwritten.
        x: Rows in units in which their mean squared length is one.
        k: Latents that should fire in each row on average.
        bandwidth: Answers this near to a threshold, in all, tell it where to go.
        sparsity: Weight of the penalty.
        dead: Latents that have not fired for long, which learn as in :func:`sparse_step`.
        auxiliary: Weight of that second loss.
    """
    n = len(x)
    centred = x - p.centre
    found = torch.addmm(p.bias, centred, p.encoder.T)
    threshold = p.log_threshold.exp()
    firing = found > threshold
    codes = found * firing
    wrong = codes @ p.decoder - centred
    loss = wrong.square().sum() / n
    left = -wrong
    wrong *= 2 / n
    to_codes = wrong @ p.decoder.T
    near = (found - threshold).abs_() < bandwidth / 2
    l0 = firing.sum().to(x) / n
    to_l0 = sparsity * 2 * (l0 / k - 1) / k
    to_threshold = threshold * (to_codes * near).sum(dim=0) + to_l0 * near.sum(dim=0) / n
    p.to_threshold.copy_(to_threshold * (-threshold / bandwidth))
    p.to_decoder.copy_(codes.T @ wrong)
    to_codes *= firing
    p.to_encoder.copy_(to_codes.T @ centred)
    p.to_bias.copy_(to_codes.sum(dim=0))
    p.to_centre.copy_(wrong.sum(dim=0) - p.to_bias @ p.encoder)
    if dead is not None and auxiliary and bool(dead.any()):
        # A threshold that nothing comes near is told nothing: it sinks until something does.
        p.to_threshold.masked_fill_(dead, auxiliary)
        _revive(p, centred, left, dead, auxiliary)
    return Outcome(loss, firing.any(dim=0), torch.where(firing, found, torch.inf).amin())
