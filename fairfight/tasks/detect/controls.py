"""The floor, the ceiling and the placebo of ``detect``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, control

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.parts.bases.directions import Directions
    from fairfight.parts.bases.sparse import SparseAutoencoder
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

    from fairfight.tasks.digest import digests

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


# Placebos of tools that learn a dictionary: the same use of one that nobody trained.


@control("detect", role="placebo", of="sae-reconstruction")
def random_sae_reconstruction(
    brief: DetectBrief,
    *,
    width: Annotated[int, Log(32, 256)] = 128,
    k: Annotated[int, Log(1, 16)] = 2,
    depth: Annotated[str, Choice("last", "middle")] = "last",
    grain: Annotated[str, Choice("input", "position")] = "input",
) -> Detector:
    """The detector ``sae-reconstruction`` with a dictionary of random rows in place of the trained one."""
    from fairfight.tasks.detect.tools.sae_reconstruction import scored_by

    dictionary = _untrained(brief, width, k)
    return scored_by(brief, lambda x: dictionary(x).residual, depth=depth, grain=grain)  # type: ignore[arg-type]


@control("detect", role="placebo", of="sae-novelty", suites=("standard", "large"))
def random_sae_novelty(
    brief: DetectBrief,
    *,
    measure: Annotated[str, Choice("l0", "l1", "rare", "bernoulli")] = "l0",
    width: Annotated[int, Log(32, 256)] = 128,
    k: Annotated[int, Log(1, 16)] = 4,
    depth: Annotated[str, Choice("last", "middle")] = "middle",
    grain: Annotated[str, Choice("input", "position")] = "input",
) -> Detector:
    """The detector ``sae-novelty`` with random rows and one threshold, under which as many latents fire."""
    from dataclasses import replace

    import torch

    from fairfight.tasks.detect.tools.sae_novelty import novelty_detector

    def fit(x: Tensor) -> SparseAutoencoder:
        drawn = _untrained(brief, width, k)(x)
        answers = drawn.answers(x[:256]).flatten()
        weakest = answers.topk(min(k * min(256, len(x)), len(answers))).values[-1]
        return replace(drawn, kind="batchtopk", k=None, threshold=torch.full((width,), float(weakest.clamp_min(0))))

    return novelty_detector(brief, fit, measure=measure, depth=depth, grain=grain)


@control("detect", role="placebo", of="sae-mahalanobis", suites=("standard", "large"))
def random_sae_mahalanobis(
    brief: DetectBrief,
    *,
    width: Annotated[int, Log(32, 256)] = 128,
    k: Annotated[int, Log(4, 64)] = 32,
    depth: Annotated[str, Choice("last", "middle")] = "last",
) -> Detector:
    """The detector ``sae-mahalanobis`` with a dictionary of random rows in place of the trained one."""
    from fairfight.tasks.detect.tools.basis_mahalanobis import distance_in

    dictionary = _untrained(brief, width, k)
    return distance_in(brief, lambda x: dictionary(x).encode, depth=depth)


@control("detect", role="placebo", of="basis-mahalanobis", suites=("standard", "large"))
def random_basis_mahalanobis(
    brief: DetectBrief,
    *,
    k: Annotated[int, Log(4, 64)] = 32,
    depth: Annotated[str, Choice("last", "middle")] = "last",
) -> Detector:
    """The detector ``basis-mahalanobis`` with as many random directions in place of a basis."""
    from fairfight.parts.bases.random_directions import random_directions as draw
    from fairfight.seeds import torch_rng
    from fairfight.tasks.detect.tools.basis_mahalanobis import distance_in

    rng = torch_rng(brief.seed, "random-basis")
    return distance_in(brief, lambda x: draw(x, k=k, rng=rng).encode, depth=depth)


def _untrained(brief: DetectBrief, width: int, k: int) -> Callable[[Tensor], SparseAutoencoder]:
    from fairfight.parts.bases.sparse import untrained
    from fairfight.seeds import torch_rng

    rng = torch_rng(brief.seed, "random-dictionary")
    return lambda x: untrained(x, width=width, k=k, rng=rng)
