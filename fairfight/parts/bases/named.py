"""Bases by name: codes of activations, one vector a row, in whichever basis is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from jaxtyping import Float
from torch import Tensor

from fairfight.errors import unknown

Name = Literal["neurons", "pca", "ica", "kmeans", "nmf", "sae", "random-sae"]
NAMES: tuple[Name, ...] = get_args(Name)

Encode = Callable[[Tensor], Tensor]
"""Takes activations [n, d] and gives codes [n, k]."""


def encoder(name: str, x: Float[Tensor, "n d"], *, k: int, seed: int, steps: int = 200, sparse: int = 4) -> Encode:
    """Fit a basis and give its encoder.

    ``neurons`` and ``kmeans`` have directions that mean something each; the codes of k-means are distances to the
    centres. ``random-sae`` is a dictionary without training.

    Args:
        name: One of ``NAMES``.
        x: Activations to fit on.
        k: How many directions, centres, factors or latents.
        seed: For what is drawn.
        steps: Training steps of a sparse autoencoder.
        sparse: Latents of a sparse autoencoder that fire at once.

    Raises:
        UserError: No basis has that name, or NMF is asked for activations with negative entries.
    """
    from fairfight.parts.bases.ica import ica
    from fairfight.parts.bases.kmeans import kmeans
    from fairfight.parts.bases.neurons import neurons
    from fairfight.parts.bases.nmf import nmf
    from fairfight.parts.bases.pca import pca
    from fairfight.parts.bases.sparse import train, untrained
    from fairfight.seeds import torch_rng

    rng = torch_rng(seed, "basis", name)
    match name:
        case "neurons":
            return neurons(x, k=k).encode
        case "pca":
            return pca(x, k=k).encode
        case "ica":
            return ica(x, k=k, rng=rng).encode
        case "kmeans":
            return kmeans(x, k=k, rng=rng).distances
        case "nmf":
            return nmf(x, k=k, rng=rng).encode
        case "sae":
            return train(x, width=k, k=sparse, steps=steps, batch=256, rate=3e-3, seed=seed).encode
        case "random-sae":
            return untrained(x, width=k, k=sparse, rng=rng).encode
    raise unknown("basis", name, NAMES)
