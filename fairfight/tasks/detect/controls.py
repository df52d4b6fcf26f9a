"""The floor, the ceiling and the placebo of ``detect``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Uniform, control

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.parts.bases.directions import Directions
    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectAnswer, DetectBrief, Detector


@control("detect", role="random")
def random(brief: DetectBrief) -> Detector:
    """Score inputs by chance."""
    import torch

    from fairfight.seeds import torch_rng

    rng = torch_rng(brief.seed, "random")

    def detect(inputs: Inputs) -> Tensor:
        return torch.rand(len(inputs), generator=rng)

    return detect


@control("detect", role="oracle")
def oracle(brief: DetectBrief, answer: DetectAnswer) -> Detector:
    """Score inputs by the sealed answer: 1 for those that set the fault off, 0 for all others."""
    import torch

    from fairfight.tasks.detect.digest import digests

    def detect(inputs: Inputs) -> Tensor:
        return torch.tensor([float(d in answer.firing) for d in digests(inputs)])

    return detect


@control("detect", role="placebo", of="pca-residual")
def random_directions(
    brief: DetectBrief,
    *,
    variance: Annotated[float, Uniform(0.5, 0.99)] = 0.9,
    join: Annotated[str, Choice("mean", "max")] = "mean",
) -> Detector:
    """The detector ``pca-residual`` with as many random directions in place of the principal components."""
    from fairfight.parts.bases.pca import pca
    from fairfight.parts.bases.random_directions import random_directions as draw
    from fairfight.parts.densities.residuals import residual_score
    from fairfight.seeds import torch_rng

    def basis(site: str, x: Tensor) -> Directions:
        k = len(pca(x, variance=variance).rows)
        return draw(x, k=k, rng=torch_rng(brief.seed, "random-directions", site))

    return residual_score(brief.subject, brief.trusted, basis, join=join)  # type: ignore[arg-type]
