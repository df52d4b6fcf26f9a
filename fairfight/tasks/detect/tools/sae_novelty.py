"""A sparse code with too many latents in it, or with latents that hardly ever fire, is strange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.parts.bases.sparse import SparseAutoencoder
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool(
    "detect",
    source="Casper 2024 (sparsity thresholds); Bussmann et al. 2024 (BatchTopK)",
    reusable=True,
    suites=("standard", "large"),
)
def sae_novelty(
    brief: DetectBrief,
    *,
    measure: Annotated[str, Choice("l0", "l1", "rare", "bernoulli")] = "l0",
    width: Annotated[int, Log(32, 256)] = 128,
    k: Annotated[int, Log(1, 16)] = 4,
    steps: Annotated[int, Log(100, 1000)] = 200,
    depth: Annotated[str, Choice("last", "middle")] = "middle",
    grain: Annotated[str, Choice("input", "position")] = "input",
) -> Detector:
    """Score inputs by how many latents of a sparse autoencoder they fire, how strongly, or how rare ones.

    BatchTopK, since TopK fires as many on anything. With ``position`` an input is as strange as its strangest token
    or place.
    """
    from fairfight.parts.bases.sparse import train

    def fit(x: Tensor) -> SparseAutoencoder:
        return train(x, width=width, k=k, kind="batchtopk", steps=steps, batch=256, rate=3e-3, seed=brief.seed)

    return novelty_detector(brief, fit, measure=measure, depth=depth, grain=grain)


def novelty_detector(
    brief: DetectBrief, fit: Callable[[Tensor], SparseAutoencoder], *, measure: str, depth: str, grain: str
) -> Detector:
    """A detector from a way of fitting a dictionary to the trusted activations [rows, d] of one site."""
    from fairfight.parts.bases.novelty import novelty
    from fairfight.tasks.detect.tools.sae_reconstruction import scored_by

    def strangeness(x: Tensor) -> Callable[[Tensor], Tensor]:
        dictionary = fit(x)
        learned = novelty(dictionary.encode(x), measure)
        return lambda y: learned.score(dictionary.encode(y))

    return scored_by(brief, strangeness, depth=depth, grain=grain)  # type: ignore[arg-type]
