"""What a sparse dictionary learned on trusted activations cannot rebuild is strange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool("detect", source="Bricken et al. 2023; Gao et al. 2024")
def sparse_dictionary(
    brief: DetectBrief,
    *,
    width: Annotated[int, Log(32, 256)] = 128,
    k: Annotated[int, Log(1, 16)] = 2,
    depth: Annotated[str, Choice("last", "middle")] = "last",
) -> Detector:
    """Score inputs by how badly a TopK sparse autoencoder trained on trusted activations rebuilds theirs."""
    from fairfight.parts.bases.topk import fit_topk
    from fairfight.parts.densities.layers import fit_layers
    from fairfight.seeds import torch_rng
    from fairfight.subject import harvest

    subject = brief.subject
    trunk = subject.trunk
    sites = [trunk[-1] if depth == "last" else trunk[(len(trunk) - 1) // 2]]

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        return fit_topk(x, width=width, k=k, steps=STEPS, rng=torch_rng(brief.seed, "dictionary")).residual

    layers = fit_layers(harvest(subject, brief.trusted, sites, head=False), fit, cross=False)

    def detect(inputs: Inputs) -> Tensor:
        return layers.score(harvest(subject, inputs, sites, head=False))

    return detect


STEPS = 150
