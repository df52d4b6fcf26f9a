"""Bases by name that codes can be read in and written back: what an edit needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError, unknown
from fairfight.parts.edits.units import Basis

Name = Literal["neurons", "pca", "ica", "nmf", "sae", "random-sae", "random-directions"]
NAMES: tuple[Name, ...] = get_args(Name)

ROUNDS = 30
"""Updates by which an edit finds a non-negative code: gradients go through every one of them, and after the first few
a code hardly moves."""


def fit(name: str, x: Float[Tensor, "n d"], *, k: int, seed: int, sparse: int = 4, steps: int = 200) -> Basis:
    """Fit a basis to activations.

    Neurons are always all of them. ``random-sae`` is a dictionary that nobody trained, and ``random-directions`` are
    drawn evenly over the sphere: what the others have to beat.

    Args:
        name: One of ``NAMES``.
        x: Activations, a row each.
        k: How many directions, components, factors or latents; fewer where the activations do not have as many.
        seed: For what is drawn.
        sparse: Latents of a sparse autoencoder that fire at once.
        steps: Training steps of a sparse autoencoder, which count as reusable (:mod:`fairfight.parts.reuse`).

    Raises:
        UserError: No basis has that name, there are no activations, or NMF is asked for ones with negative entries.
    """
    from fairfight.parts.bases.ica import ica
    from fairfight.parts.bases.neurons import neurons
    from fairfight.parts.bases.nmf import nmf
    from fairfight.parts.bases.pca import pca
    from fairfight.parts.bases.random_directions import random_directions
    from fairfight.parts.bases.sparse import train, untrained
    from fairfight.seeds import torch_rng

    if not len(x):
        raise UserError("There are no activations to fit a basis to: give at least one.")
    rng = torch_rng(seed, "invertible basis", name)
    match name:
        case "neurons":
            return replace(neurons(x), centre=torch.zeros_like(x[0]))  # so that zero is zero
        case "pca":
            return pca(x, k=k)
        case "ica":
            return ica(x, k=k, rng=rng)
        case "nmf":
            return replace(nmf(x, k=k, rng=rng), rounds=ROUNDS)
        case "sae":
            return train(x, width=k, k=sparse, steps=steps, batch=256, rate=3e-3, seed=seed)
        case "random-sae":
            return untrained(x, width=k, k=sparse, rng=rng)
        case "random-directions":
            return random_directions(x, k=k, rng=rng)
    raise unknown("invertible basis", name, NAMES)
