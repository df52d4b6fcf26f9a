"""Told from trusted inputs by a classifier that has met made-up outliers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline(
    "detect", source="Hendrycks et al. 2019 (outlier exposure), with synthetic outliers", suites=("standard", "large")
)
def supervised_outliers(
    brief: DetectBrief,
    *,
    copies: Annotated[int, Log(1, 4)] = 2,
    width: Annotated[int, Log(8, 64)] = 32,
    steps: Annotated[int, Log(50, 200)] = 100,
) -> Detector:
    """Score inputs by a small non-linear classifier of trusted against corrupted inputs, on all layers at once.

    Outliers are trusted inputs with patches, noise, blends, foreign or misplaced words. The tool ``contrast-probe``
    meets the same ones with one linear probe a layer: what it finds is a direction; this is a black box.
    """
    import torch

    from fairfight.parts.densities.activations import finite_activations, side_by_side
    from fairfight.parts.outliers.corrupting import corrupted
    from fairfight.parts.probes.perceptron import fit_perceptron
    from fairfight.seeds import torch_rng

    subject, sites = brief.subject, brief.subject.trunk
    outliers = corrupted(subject, brief.trusted, copies, torch_rng(brief.seed, "outliers"))
    known, strange = (side_by_side(finite_activations(subject, x, sites)) for x in (brief.trusted, outliers))
    positive = torch.arange(len(known) + len(strange)) >= len(known)
    both = torch.cat([known, strange])
    score = fit_perceptron(both, positive, width=width, steps=steps, rng=torch_rng(brief.seed, "perceptron"))

    def detect(inputs: Inputs) -> Tensor:
        return score(side_by_side(finite_activations(subject, inputs, sites)))

    return detect
