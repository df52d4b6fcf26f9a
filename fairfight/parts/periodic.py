"""Sums modulo a number, read from a network's frequencies (Nanda et al. 2023).

On which circles do its tokens lie, how far does a step of each input turn the answers, and does the network work on
those circles alone?
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor

from fairfight.parts.programs import Expr, Program, Space, at, const, total
from fairfight.seeds import numpy_rng
from fairfight.subject.sequences import SequenceSubject
from fairfight.subject.transformer import PlainTransformer

FEW, SHARE = 10, 0.3
"""So many frequencies must hold this share of the embeddings' power."""
ASKED = 512
"""Inputs that are turned, and then asked about."""
AGREES = 0.9
"""Share of answers that a sum must give."""
NEEDED = 0.5
"""Share of answers that must stay where the circles alone are left, and must not where they are cut out."""


@dataclass(frozen=True)
class Periodic:
    """A sum modulo the number of tokens."""

    period: int
    frequencies: tuple[int, ...]
    """Of the tokens' circles, the strongest first."""
    share: float
    """Of the power of the embeddings that is on them."""
    turns: tuple[int, ...]
    """By how much a step of each input turns the answer."""
    offset: int
    agreement: float
    """Share of fresh answers that the sum gives."""
    kept: float
    """Share of answers that stay where the embeddings are cut down to the circles."""
    removed: float
    """Share of answers that stay where the circles are cut out."""

    def program(self, space: Space) -> Program:
        """As a program of one sequence."""
        x = space[space.inputs[0].name]
        found: Expr
        if set(self.turns) == {1}:
            found = total(x)
        else:
            parts = [(t if t <= self.period // 2 else t - self.period, at(x, i)) for i, t in enumerate(self.turns)]
            found = const(0)
            for k, (t, e) in enumerate(sorted((p for p in parts if p[0]), key=lambda p: p[0] < 0)):
                term = e if abs(t) == 1 else e * abs(t)
                found = (term if t > 0 else -term) if k == 0 else found + term if t > 0 else found - term
        return Program(space, (found + self.offset if self.offset else found) % self.period)


def transformer(subject: SequenceSubject) -> PlainTransformer | None:
    """The plain transformer inside a subject, if there is one."""
    return next((m for m in subject.module.modules() if isinstance(m, PlainTransformer)), None)


def circles(net: PlainTransformer, period: int, first: int) -> tuple[tuple[int, ...], float]:
    """The strongest frequencies of the tokens' embeddings, and the share of their power that these hold.

    Args:
        net: The network.
        period: How many tokens stand in a row.
        first: The first of them.
    """
    rows = net.embed[first : first + period].detach().numpy()
    power = (np.abs(np.fft.rfft(rows - rows.mean(0), axis=0)[1:]) ** 2).sum(1)
    order = np.argsort(-power)[:FEW]
    # What is no more than its neighbours is none of the network's: frequencies that hold less than an even share go.
    strong = [int(k) for k in order if power[k] > 2 * power.mean()]
    return tuple(k + 1 for k in strong), float(power[strong].sum() / max(power.sum(), 1e-12))


def read_sum(subject: SequenceSubject, seed: int, frequencies: tuple[int, ...] | None = None) -> Periodic | None:
    """The sum that a network computes on circles, or nothing.

    Args:
        subject: Gives one answer to sequences of one length.
        seed: Draws inputs.
        frequencies: To use instead of those of the embeddings.
    """
    net, space = transformer(subject), subject.space
    if net is None or space.channels != 1 or subject.answers is None:
        return None
    period, length = space.high - space.low + 1, space.length
    first = space.low + net.shift
    if period < 5 or length > 8:
        return None
    found, share = circles(net, period, first)
    if frequencies is None and (not found or share < SHARE):
        return None
    used = found if frequencies is None else frequencies
    rng = numpy_rng(seed, "periodic")
    values = rng.integers(space.low, space.high + 1, (ASKED, length, 1))
    told = _turning(subject, values, period)
    if told is None:
        return None
    turns = []
    for i in range(length):
        other = values.copy()
        other[:, i] = space.low + (other[:, i] - space.low + 1) % period
        after = _turning(subject, other, period)
        assert after is not None
        turns.append(_steps((after * told.conj()).sum(0), period))
    straight = (values[:, :, 0] @ np.array(turns)) % period
    undone = told * np.exp(-2j * np.pi * np.outer(straight, _halves(period)) / period)
    offset = _steps(undone.sum(0), period)
    fresh = rng.integers(space.low, space.high + 1, (ASKED, length, 1))
    answers = _answers(subject, fresh)
    agreement = float(((fresh[:, :, 0] @ np.array(turns) + offset) % period == answers).mean())
    if agreement < AGREES:
        return None
    kept, removed = (
        float((_answers(_cut(subject, used, period, first, keep=keep), fresh) == answers).mean())
        for keep in (True, False)
    )
    if not kept > NEEDED > removed:
        return None
    return Periodic(period, used, share, tuple(turns), offset, agreement, kept, removed)


def _answers(subject: SequenceSubject, values: Int[np.ndarray, "n length 1"]) -> Int[np.ndarray, " n"]:
    found: np.ndarray = subject.decide(torch.from_numpy(values))[:, 0].numpy()
    return found


@torch.no_grad()
def _turning(
    subject: SequenceSubject, values: Int[np.ndarray, "n length 1"], period: int
) -> Complex[np.ndarray, "n k"] | None:
    """Where the logits point at each frequency of the answers, and how strongly; nothing where answers are too few."""
    outputs = subject(torch.from_numpy(values))
    assert subject.answers is not None
    if outputs.shape[1] != 1 or subject.answers[0] != 0 or outputs.shape[2] < period:
        return None
    logits = outputs[:, 0, :period].double().numpy()
    waves = np.exp(2j * np.pi * np.outer(np.arange(period), _halves(period)) / period)
    found: np.ndarray = (logits - logits.mean(1, keepdims=True)) @ waves
    return found


def _halves(period: int) -> Int[np.ndarray, " k"]:
    """All frequencies."""
    return np.arange(1, period // 2 + 1)


def _steps(turned: Complex[np.ndarray, " k"], period: int) -> int:
    """The whole number of steps that turns the frequencies as they were turned, strong ones first."""
    waves = np.exp(-2j * np.pi * np.outer(np.arange(period), _halves(period)) / period)
    return int((waves @ turned).real.argmax())


@torch.no_grad()
def _cut(
    subject: SequenceSubject, frequencies: tuple[int, ...], period: int, first: int, *, keep: bool
) -> SequenceSubject:
    """A copy whose tokens lie on the circles alone, or lack them; their mean stays."""
    other = SequenceSubject(
        copy.deepcopy(subject.module), subject.name, subject.space, subject.answers, dict(subject.sites)
    )
    net = transformer(other)
    assert net is not None
    rows: Float[Tensor, "p d"] = net.embed[first : first + period]
    mean = rows.mean(0)
    spectrum = torch.fft.rfft(rows - mean, dim=0)
    mask = torch.zeros(len(spectrum), 1)
    mask[list(frequencies)] = 1
    net.embed[first : first + period] = mean + torch.fft.irfft(spectrum * (mask if keep else 1 - mask), n=period, dim=0)
    return other
