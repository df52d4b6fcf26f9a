"""Distance to trusted codes under a Gaussian, in the latents of a sparse autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool(
    "detect",
    source="Johnston et al. 2024, EleutherAI mechanistic anomaly detection, second update",
    reusable=True,
    suites=("standard", "large"),
)
def sae_mahalanobis(
    brief: DetectBrief,
    *,
    width: Annotated[int, Log(32, 256)] = 128,
    k: Annotated[int, Log(4, 64)] = 32,
    steps: Annotated[int, Log(100, 1000)] = 200,
    depth: Annotated[str, Choice("last", "middle")] = "last",
) -> Detector:
    """Score inputs by the Mahalanobis distance of their sparse codes to the trusted ones.

    The published result: it does about as well as the same distance between the activations themselves.
    """
    from fairfight.parts.bases.sparse import train
    from fairfight.tasks.detect.tools.basis_mahalanobis import distance_in

    def encoder(x: Tensor) -> Callable[[Tensor], Tensor]:
        return train(x, width=width, k=k, steps=steps, batch=256, rate=3e-3, seed=brief.seed).encode

    return distance_in(brief, encoder, depth=depth)
