"""What a sparse autoencoder trained on trusted activations cannot rebuild is strange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.parts.bases.positions import Grain, Join
    from fairfight.parts.bases.sparse import SparseAutoencoder
    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool("detect", source="Bricken et al. 2023; Gao et al. 2024", reusable=True)
def sae_reconstruction(
    brief: DetectBrief,
    *,
    width: Annotated[int, Log(32, 256)] = 128,
    k: Annotated[int, Log(1, 16)] = 2,
    steps: Annotated[int, Log(100, 1000)] = 200,
    depth: Annotated[str, Choice("last", "middle")] = "last",
    grain: Annotated[str, Choice("input", "position")] = "input",
) -> Detector:
    """Score inputs by how badly a TopK sparse autoencoder trained on trusted activations rebuilds theirs.

    With ``position`` every token or place is rebuilt, and an input is as strange as its strangest one.
    """
    from fairfight.parts.bases.sparse import train

    def fit(x: Tensor) -> SparseAutoencoder:
        return train(x, width=width, k=k, steps=steps, batch=256, rate=3e-3, seed=brief.seed)

    return scored_by(brief, lambda x: fit(x).residual, depth=depth, grain=grain)  # type: ignore[arg-type]


def scored_by(
    brief: DetectBrief, fit: Callable[[Tensor], Callable[[Tensor], Tensor]], *, depth: str, grain: Grain
) -> Detector:
    """A detector from a way to make a strangeness [rows] out of trusted activations [rows, d] of one site.

    Args:
        brief: The brief.
        fit: Called with the trusted rows; gives what is called with the rows of an exam.
        depth: ``last``, ``middle`` or ``first`` of the subject's trunk.
        grain: One row an input, or one a token or place, of which the strangest counts.
    """
    from fairfight.parts.bases.positions import rows

    trunk = brief.subject.trunk
    site = {"last": trunk[-1], "middle": trunk[(len(trunk) - 1) // 2], "first": trunk[0]}[depth]
    join: Join = "mean" if grain == "input" else "max"
    strangeness = fit(rows(brief.subject, brief.trusted, site, grain).x)

    def detect(inputs: Inputs) -> Tensor:
        seen = rows(brief.subject, inputs, site, grain)
        return seen.join(strangeness(seen.x), join)

    return detect
