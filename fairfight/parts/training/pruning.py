"""Pruning units that ordinary inputs do not need: dormant ones (fine-pruning), and sensitive ones (ANP)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fairfight.errors import UserError
from fairfight.faults.training import decide, trimmed
from fairfight.parts.training.batches import BATCH, even_rows, only, statistics
from fairfight.parts.training.descent import decision_loss
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.subject import Subject

GIVEN_UP = 0.15
"""How far under what is allowed accuracy may fall before nothing more is tried."""
LOOKS = 60
"""How often accuracy is looked at on the way through all units, at most."""


def prune_while_able(
    subject: Subject, order: Sequence[int], cut: Callable[[int], None], keep: Labelled, *, tolerance: float
) -> int:
    """Cut as many units as can go, in order and in place; gives how many that are.

    On few examples accuracy goes up and down while units go one after the other, so the search does not end where it
    first falls under what is allowed, but where it collapses; the last point at which it was allowed is taken.

    Args:
        subject: Changed in place.
        order: Numbers of units, the first to go first.
        cut: Cuts one.
        keep: What it must go on deciding as labelled.
        tolerance: By how much accuracy on it may fall.
    """
    limit = _accuracy(subject, keep) - tolerance
    stride = max(1, len(order) // LOOKS)
    best, kept = 0, {k: v.clone() for k, v in subject.module.state_dict().items()}
    for done in range(0, len(order), stride):
        for unit in order[done : done + stride]:
            cut(unit)
        able = _accuracy(subject, keep)
        if able >= limit:
            best, kept = min(done + stride, len(order)), {k: v.clone() for k, v in subject.module.state_dict().items()}
        elif able < limit - GIVEN_UP:
            break
    subject.module.load_state_dict(kept)
    return best


def _accuracy(subject: Subject, keep: Labelled) -> float:
    return float((decide(subject, keep.inputs) == keep.labels).float().mean())


def prune_dormant(subject: Subject, clean: Labelled, *, tolerance: float) -> Subject:
    """A copy without the units of its last layer that ordinary inputs use least (Liu et al. 2018, before fine-tuning).

    Units are channels of the last convolution, or hidden units of a transformer's last MLP.

    Args:
        subject: Stays as it is.
        clean: Ordinary examples.
        tolerance: By how much accuracy on them may fall.

    Raises:
        UserError: There is no such layer.
    """
    copy = subject.copy()
    layer = _last_convolution(copy) or _last_projection(copy)
    if layer is None:
        raise UserError(f"{subject.name} has neither convolutions nor MLPs to prune: fine-tune it instead.")
    with torch.no_grad(), layer.watch() as seen:
        for batch in clean.batches(256):
            copy(trimmed(batch.inputs))
    order = torch.cat(seen).abs().mean(dim=0).argsort().tolist()
    prune_while_able(copy, order, layer.cut, clean, tolerance=tolerance)
    return copy


@dataclass(frozen=True)
class Layer:
    """A layer whose units can be watched and cut."""

    module: nn.Module
    hidden: bool
    """Whether units are the module's inputs, or its outputs."""
    weights: tuple[tuple[Tensor, int], ...]
    """What is zeroed for a unit: tensors, and along which dimension."""

    def cut(self, unit: int) -> None:
        """Zero one unit."""
        with torch.no_grad():
            for tensor, dimension in self.weights:
                tensor.select(dimension, unit).zero_()

    @contextmanager
    def watch(self) -> Iterator[list[Tensor]]:
        """Collects the units' activations [rows, units], positive parts only where they are channels."""
        seen: list[Tensor] = []

        def before(_module: nn.Module, args: Any) -> None:
            seen.append(args[0].detach().flatten(0, -2))

        def after(_module: nn.Module, _args: Any, out: Tensor) -> None:
            seen.append(out.detach().relu().flatten(2).mean(dim=2))

        handle = (
            self.module.register_forward_pre_hook(before) if self.hidden else self.module.register_forward_hook(after)
        )
        try:
            yield seen
        finally:
            handle.remove()


def _last_convolution(subject: Subject) -> Layer | None:
    """The last convolution, with the normalisation that follows it, if one does."""
    modules = list(subject.module.modules())
    convolutions = [m for m in modules if isinstance(m, nn.Conv2d)]
    if not convolutions:
        return None
    last = convolutions[-1]
    after = modules[modules.index(last) + 1 :]
    norms = [m for m in after if isinstance(m, _BatchNorm) and m.num_features == last.out_channels]
    source: nn.Module = norms[0] if norms else last
    weights = tuple((p.data, 0) for p in source.parameters())
    return Layer(source, False, weights)


def _last_projection(subject: Subject) -> Layer | None:
    """The second matrix of the last MLP, whose inputs are the hidden units."""
    for module in reversed(list(subject.module.modules())):
        weight: Any = getattr(module, "weight", None)
        if isinstance(module, nn.Linear) and module.in_features > module.out_features > 8:
            return Layer(module, True, ((weight.data, 1),))
        if type(module).__name__ == "Conv1D" and weight.shape[0] > weight.shape[1]:
            return Layer(module, True, ((weight.data, 0),))
    return None


def prune_sensitive(
    subject: Subject,
    clean: Labelled,
    keep: Labelled,
    *,
    steps: int,
    rate: float,
    size: float,
    bounded: bool,
    trade: float,
    tolerance: float,
    seed: int,
) -> Subject:
    """A copy without the channels by which a small change of the weights does most (ANP, Wu & Wang 2021).

    A mask a channel of every batch normalisation is trained so that ordinary examples are decided rightly with it, and
    also after the worst change of all channels' scales and shifts. The channels with the lowest masks are pruned, one
    after the other, for as long as accuracy holds.

    Args:
        subject: Stays as it is; has batch normalisation.
        clean: Ordinary examples, on which masks are trained.
        keep: What it must go on deciding as labelled.
        steps: Of training the masks.
        rate: Their learning rate (gradient descent with momentum .9).
        size: How large a change is where it begins at random, and the step uphill from there, as a share of a scale or
            shift (the paper: .4).
        bounded: Whether changes are cut back to ``size`` after the step, which the authors' code does not do.
        trade: Weight of the decisions without a change beside those with it (the paper: .2).
        tolerance: By how much accuracy on ``keep`` may fall.
        seed: Draws batches and where changes begin.

    Raises:
        UserError: The subject has no batch normalisation.
    """
    copy = subject.copy()
    norms = [m for m in copy.module.modules() if isinstance(m, _BatchNorm) and m.affine]
    if not norms:
        raise UserError(f"{subject.name} has no batch normalisation, which ANP's masks are made for.")
    rng = torch_rng(seed, "anp")
    masks = [torch.ones(n.num_features, requires_grad=True) for n in norms]
    speed = [torch.zeros_like(m) for m in masks]
    draw = even_rows(len(clean), BATCH, torch_rng(seed, "batches"))

    def cost(batch: Labelled, changes: Sequence[Tensor] | None) -> Float[Tensor, ""]:
        with _modulated(norms, masks, changes):
            return decision_loss(copy, batch)

    # Normalised by the batch, as published: else changes add up from layer to layer until nothing is decided any more,
    # and masks go down everywhere. The running statistics stay.
    by_batch = statistics(copy.module, renewed=len(clean) > 1, momentum=0.0)
    with by_batch, only(copy.module, ()), torch.enable_grad():
        for _ in range(steps):
            batch = clean[next(draw)]
            changes = [((torch.rand(2, n.num_features, generator=rng) * 2 - 1) * size).requires_grad_() for n in norms]
            uphill = torch.autograd.grad(cost(batch, changes), changes)
            reach = size if bounded else 2 * size
            worst = [(c + size * g.sign()).clamp(-reach, reach).detach() for c, g in zip(changes, uphill, strict=True)]
            total = trade * cost(batch, None) + (1 - trade) * cost(batch, worst)
            for mask, pace, slope in zip(masks, speed, torch.autograd.grad(total, masks), strict=True):
                pace.mul_(0.9).add_(slope)
                mask.data.sub_(rate * pace).clamp_(0, 1)
    places = [(i, j) for i, n in enumerate(norms) for j in range(n.num_features)]
    guilt = torch.cat([m.detach() for m in masks])
    order = [k for k in guilt.argsort(stable=True).tolist() if guilt[k] < 1]

    def cut(k: int) -> None:
        layer, channel = places[k]
        norms[layer].weight.data[channel] = 0.0

    prune_while_able(copy, order, cut, keep, tolerance=tolerance)
    return copy


@contextmanager
def _modulated(
    norms: Sequence[_BatchNorm], masks: Sequence[Tensor], changes: Sequence[Tensor] | None
) -> Iterator[None]:
    """Every normalisation's scale times its mask plus a change, its shift times one plus a change, inside."""
    with ExitStack() as stack:
        for i, norm in enumerate(norms):
            scale = masks[i] if changes is None else masks[i] + changes[i][0]
            shift = 1.0 if changes is None else 1.0 + changes[i][1]

            def hook(module: Any, _args: Any, out: Tensor, scale: Tensor = scale, shift: Any = shift) -> Tensor:
                bias = module.bias[:, None, None]
                wide = shift if isinstance(shift, float) else shift[:, None, None]
                new: Tensor = (out - bias) * scale[:, None, None] + bias * wide
                return new

            stack.callback(norm.register_forward_hook(hook).remove)
        yield
