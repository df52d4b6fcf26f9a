"""Representation misdirection for unlearning (RMU, Li et al. 2024): what a layer makes of some inputs is led astray."""

from __future__ import annotations

from contextlib import suppress

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.training.batches import BATCH, even_rows, only
from fairfight.parts.training.descent import descend
from fairfight.parts.training.stopping import Guard
from fairfight.parts.training.unlearning import Retaining
from fairfight.seeds import torch_rng
from fairfight.subject.hooking import Reached, hooks
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject


def misdirect(
    subject: Subject,
    forget: Inputs,
    retaining: Retaining,
    *,
    site: str,
    strength: float,
    steps: int,
    rate: float,
    seed: int,
) -> Subject:
    """A copy of a subject in which one layer's activations on some inputs are a long fixed vector at every position.

    ``‖h(forget) − c·u‖² + weight·‖h(keep) − h₀(keep)‖²``, both the mean over positions and features, where ``u`` is a
    random direction with no negative entry (so that it also lies where a ReLU's output can) and ``h₀`` the subject as
    it was. What lies above the layer stays as it is. It goes back if the cross entropy on ordinary inputs rises.

    Args:
        subject: Stays as it is.
        forget: Inputs to be led astray; there may be none, and then nothing is changed.
        retaining: What is to stay: the labels of ``keep`` are not used.
        site: Whose activations: one of the trunk.
        strength: The length ``c`` of the vector, in multiples of the mean length of an ordinary activation.
        steps: At most.
        rate: The highest learning rate.
        seed: Draws the vector and the batches.

    Raises:
        UserError: There is nothing to keep.
    """
    copy = subject.copy()
    if not len(forget):
        return copy
    keep = retaining.keep.inputs
    if not len(keep):
        raise UserError("RMU needs inputs whose activations are to stay: give at least one.")
    few = BATCH // 4
    bad = even_rows(len(forget), few, torch_rng(seed, "rmu", "forget"))
    good = even_rows(len(keep), BATCH - few, torch_rng(seed, "rmu", "keep"))
    with torch.no_grad():
        before, real = _places(subject, site, keep)
    usual = before[real]
    direction = torch.rand(usual.shape[-1], generator=torch_rng(seed, "rmu", "direction")).to(usual)
    goal = direction / direction.norm() * strength * usual.norm(dim=-1).mean()

    def loss(_: int) -> Float[Tensor, ""]:
        rows, same = next(bad), next(good)
        batch = type(keep).concat([forget[rows], keep[same]])  # type: ignore[arg-type, list-item]
        states, there = _places(copy, site, batch)
        k = len(rows)
        astray: Tensor = (states[:k][there[:k]] - goal).square().mean()
        moved: Tensor = (states[k:, : before.shape[1]][real[same]] - before[same][real[same]]).square().mean()
        return astray + retaining.weight * moved

    with only(copy.module, copy.module.parameters()) as chosen:
        guard = Guard(copy, retaining.watch, chosen, tolerance=retaining.tolerance, patience=steps)
        descend(loss, chosen, steps=steps, rate=rate, after=guard)
        guard.restore()
    return copy


def _places(
    subject: Subject, site: str, inputs: Inputs
) -> tuple[Float[Tensor, "n places d"], Bool[Tensor, "n places"]]:
    """A site's activation at every place or token, and which of them are real; nothing above the site is run."""
    with hooks(subject, [site], stop=True) as tape, suppress(Reached):
        subject(inputs)
    found = tape[site]
    if isinstance(inputs, Texts):
        return found, inputs.mask.bool().to(found.device)
    states = found.flatten(2).movedim(1, -1) if found.ndim > 2 else found[:, None]
    return states, torch.ones(states.shape[:2], dtype=torch.bool, device=states.device)
