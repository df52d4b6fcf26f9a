"""Train a sparse autoencoder on activations in memory or on disk; a training that was killed goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fairfight.content import content_id
from fairfight.errors import UserError
from fairfight.parts.bases.sparse.autoencoder import Origin, SparseAutoencoder
from fairfight.parts.bases.sparse.files import read, write
from fairfight.parts.bases.sparse.step import (
    Outcome,
    Parameters,
    choose_batchtopk,
    choose_topk,
    jumprelu_step,
    mixed,
    sparse_step,
)
from fairfight.parts.bases.sparse.stream import Stream
from fairfight.parts.reuse import reusable
from fairfight.seeds import torch_rng

Trained = Literal["topk", "batchtopk", "jumprelu"]
Precision = Literal["auto", "float32", "bfloat16"]

_LARGE = 1 << 22
"""Answers a batch from which choosing among them in bfloat16 pays for the conversion."""
_FEW = 256
"""Activations on which the first guess is tried."""
_MEMORY = 0.99
"""How much of BatchTopK's running threshold is kept from step to step."""


@dataclass(frozen=True)
class Settings:
    """What decides a training, beside the activations."""

    kind: Trained
    width: int
    k: int
    steps: int
    batch: int
    rate: float
    seed: int
    auxiliary: float
    dead_after: int
    frozen: str | None
    bandwidth: float
    sparsity: float
    low: bool


def train(
    acts: Float[Tensor, "n d"] | Stream,
    *,
    width: int,
    k: int,
    kind: Trained = "topk",
    steps: int | None = None,
    epochs: int = 1,
    batch: int = 2048,
    rate: float = 1e-3,
    seed: int = 0,
    auxiliary: float = 1 / 32,
    dead_after: int = 50,
    frozen: Literal["encoder", "decoder"] | None = None,
    bandwidth: float = 0.05,
    sparsity: float = 0.3,
    precision: Precision = "auto",
    origin: Origin | None = None,
    checkpoint: str | Path | None = None,
    every: int = 200,
    progress: bool = False,
) -> SparseAutoencoder:
    """Learn a dictionary that rebuilds activations from about ``k`` of its ``width`` rows each.

    Rows start as activations drawn from the first that are read. Columns that never change there are carried by the
    centre and take no part. What is computed counts as reusable (:mod:`fairfight.parts.reuse`).

    JumpReLU begins as BatchTopK for a quarter of the steps, whose threshold every latent then goes on from: with
    thresholds guessed at the start, short trainings on clustered activations end with all latents silent.

    Args:
        acts: Activations in memory, or a stream of them.
        width: Number of latents.
        k: Latents that fire on an activation (``topk``) or on average; cut to ``width``.
        kind: How the latents that fire are chosen; see :class:`SparseAutoencoder`.
        steps: Gradient steps; if given, epochs are begun until they are done.
        epochs: How often each activation is seen, if ``steps`` is not given.
        batch: Activations a step.
        rate: Adam's learning rate; it falls to nothing over the last fifth of the steps.
        seed: For the initial rows and the order of the activations.
        auxiliary: Weight of the loss that revives dead latents (Gao et al. 2024); zero lets them die.
        dead_after: Steps without firing after which a latent counts as dead.
        frozen: A part that keeps its initial random rows, for a placebo.
        bandwidth: Width of the window through which JumpReLU's thresholds see; in units of an activation's length.
        sparsity: Weight of JumpReLU's penalty on the number of latents that fire.
        precision: In which precision latents are chosen; what is chosen is computed in float32 all the same. ``auto``
            takes bfloat16 for large batches where the processor multiplies it faster.
        origin: Model and site that the activations are from, kept with the dictionary.
        checkpoint: A file for the state of the training; if it is there, the training goes on from it, to the same
            result bit by bit. It goes when the training is done.
        every: Steps from one state to the next.
        progress: Show a bar.

    Raises:
        UserError: An option is out of range, activations hold NaN or infinity, or the state is another training's.
    """
    stream = acts if isinstance(acts, Stream) else Stream(acts)
    for name, value in {"width": width, "k": k, "epochs": epochs, "batch": batch, "every": every}.items():
        if value < 1:
            raise UserError(f"{name} must be at least 1, not {value}.")
    batch = min(batch, stream.n)
    rounds = -(-stream.n // batch)
    total = steps if steps is not None else epochs * rounds
    low = _low(precision, batch * width) and kind != "jumprelu"
    settings = Settings(
        kind, width, min(k, width), total, batch, rate, seed, auxiliary, dead_after, frozen, bandwidth, sparsity, low
    )
    with torch.no_grad(), reusable():
        state = _resumed(checkpoint, settings, stream) or _begun(settings, stream)
        with _bar(progress, total, state.step) as tick:
            for x in _from(stream, settings, state.step):
                state.take(x)
                if tick is not None:
                    tick(state)
                if checkpoint is not None and state.step % every == 0 and state.step < total:
                    state.save(Path(checkpoint), stream)
        if checkpoint is not None:
            Path(checkpoint).unlink(missing_ok=True)
        return state.finished(origin)


@dataclass
class _State:
    """A training under way."""

    settings: Settings
    parameters: Parameters
    middle: Float[Tensor, " d"]
    unit: Float[Tensor, ""]
    """Typical length of a centred activation; training works in this unit."""
    silent: Tensor
    """Steps since each latent fired."""
    threshold: Tensor
    """BatchTopK's running threshold and the weight that it rests on [2]."""
    step: int = 0
    loss: float = float("nan")

    @property
    def dead(self) -> Bool[Tensor, " width"]:
        """Latents that have not fired for long."""
        return self.silent >= self.settings.dead_after

    def take(self, x: Float[Tensor, "n d"]) -> None:
        """One step on a batch."""
        s, p = self.settings, self.parameters
        x = (x - self.middle) / self.unit
        got = self._gradient(x)
        self.loss = float(got.loss)
        if not self.loss < float("inf"):
            if not bool(torch.isfinite(x).all()):
                raise UserError("The activations hold NaN or infinity: leave those rows out.")
            raise UserError(f"Training diverged at step {self.step}: lower the rate from {s.rate:g}.")
        if s.frozen is not None:
            (p.to_encoder if s.frozen == "encoder" else p.to_decoder).zero_()
        p.update(s.rate * min(1.0, 5 * (1 - self.step / s.steps)))
        self.silent.add_(1).masked_fill_(got.fired, 0)
        if s.kind != "topk" and bool(got.fired.any()):
            self.threshold.mul_(_MEMORY).add_(torch.stack([got.smallest, torch.ones(())]), alpha=1 - _MEMORY)
        self.step += 1

    def _gradient(self, x: Tensor) -> Outcome:
        s, p = self.settings, self.parameters
        dead = self.dead if s.auxiliary else None
        if s.kind == "jumprelu" and self.step >= s.steps // 4:
            if self.step == s.steps // 4:
                p.log_threshold.fill_(float(self._running.clamp_min(1e-3).log()))
            return jumprelu_step(
                p, x, s.k, bandwidth=s.bandwidth, sparsity=s.sparsity, dead=dead, auxiliary=s.auxiliary
            )
        return sparse_step(p, x, s.k, batchwise=s.kind != "topk", low=s.low, dead=dead, auxiliary=s.auxiliary)

    @property
    def _running(self) -> Tensor:
        return self.threshold[0] / self.threshold[1].clamp_min(1e-12)

    def finished(self, origin: Origin | None) -> SparseAutoencoder:
        """The dictionary in the activations' own units: answers and codes grow with the activations."""
        s, p, unit = self.settings, self.parameters, self.unit
        threshold = None
        if s.kind == "jumprelu":
            threshold = p.log_threshold.exp() * unit
        elif s.kind == "batchtopk":
            threshold = (self._running * unit).expand(s.width).clone()
        return SparseAutoencoder(
            s.kind,
            p.encoder.clone(),
            p.bias * unit,
            p.decoder.clone(),
            self.middle + p.centre * unit,
            k=s.k if s.kind == "topk" else None,
            threshold=threshold,
            origin=origin,
        )

    def save(self, file: Path, stream: Stream) -> None:
        p = self.parameters
        tensors = {"flat": p.flat, "mean": p.mean, "square": p.square, "steps": p.steps, "middle": self.middle}
        tensors |= {"unit": self.unit, "silent": self.silent, "threshold": self.threshold}
        write(file, tensors, {"fairfight": "training", "step": self.step, "of": _identity(self.settings, stream)})


def _identity(settings: Settings, stream: Stream) -> str:
    return content_id(asdict(settings), stream.n, stream.rows, stream.d, stream.held, stream.block)


def _begun(s: Settings, stream: Stream) -> _State:
    """Centre, unit and initial rows from the first activations that are read."""
    first = next(stream.batches(min(stream.n, max(s.batch, 4 * s.width)), seed=s.seed, epoch=0))
    if not bool(torch.isfinite(first).all()):
        raise UserError("The activations hold NaN or infinity: leave those rows out.")
    middle = first.mean(dim=0)
    # A column that never changes has a mean that rounding may move off it.
    middle = torch.where((first == first[0]).all(dim=0), first[0], middle)
    first = first - middle
    length = first.square().sum(dim=1).mean().sqrt()
    unit = torch.where(length > 0, length, torch.ones(()))
    first /= unit
    rng = torch_rng(s.seed, "rows of a dictionary")
    rows = first[torch.randint(len(first), (s.width,), generator=rng)]
    noise = torch.randn(s.width, stream.d, generator=rng) * first.std(dim=0, correction=0)
    rows = noise if s.frozen is not None else rows + 0.1 * noise
    lengths = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    p = Parameters.starting_at(rows / torch.where(lengths > 0, lengths, torch.ones(())))
    # Many rows that answer alike would overshoot together: all read at the volume at which they rebuild best.
    few = first[: min(s.batch, _FEW)]
    pairs = (choose_topk if s.kind == "topk" else choose_batchtopk)(p, few, s.k, False)
    guess = mixed(p.decoder, pairs.latents, pairs.values, pairs.starts)
    volume = (guess * few).sum() / guess.square().sum().clamp_min(1e-12)
    if bool(volume > 0):
        p.encoder.mul_(volume)
    return _State(s, p, middle, unit, torch.zeros(s.width, dtype=torch.long), torch.zeros(2))


def _resumed(checkpoint: str | Path | None, s: Settings, stream: Stream) -> _State | None:
    if checkpoint is None or not Path(checkpoint).exists():
        return None
    tensors, about = read(Path(checkpoint))
    if about.get("fairfight") != "training" or about.get("of") != _identity(s, stream):
        raise UserError(
            f"{checkpoint} holds the state of another training: give the same options and activations, or another file."
        )
    p = Parameters(s.width, stream.d, tensors["flat"])
    p.mean, p.square, p.steps = tensors["mean"], tensors["square"], tensors["steps"]
    middle, unit, silent, threshold = (tensors[name] for name in ("middle", "unit", "silent", "threshold"))
    return _State(s, p, middle, unit, silent, threshold, step=int(about["step"]))


def _from(stream: Stream, s: Settings, step: int) -> Iterator[Tensor]:
    """The batches from a step on."""
    rounds = -(-stream.n // s.batch)
    while step < s.steps:
        for x in stream.batches(s.batch, seed=s.seed, epoch=step // rounds, start=step % rounds):
            yield x
            step += 1
            if step == s.steps:
                return


def _low(precision: Precision, size: int) -> bool:
    if precision == "auto":
        return size >= _LARGE and torch.cpu._is_avx512_bf16_supported()
    return precision == "bfloat16"


def _bar(progress: bool, total: int, done: int) -> Any:
    """A context that gives what is to be called after each step, or None."""
    if not progress:
        return nullcontext()
    from contextlib import contextmanager

    from rich.progress import Progress

    @contextmanager
    def bar() -> Iterator[Callable[[_State], None]]:
        with Progress(transient=True) as shown:
            task = shown.add_task("training", total=total, completed=done)
            yield lambda state: shown.update(
                task,
                completed=state.step,
                description=f"loss {state.loss:.4f}, dead {float(state.dead.float().mean()):.0%}",
            )

    return bar()
