"""A direction that tells corrupted inputs from trusted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool(
    "detect",
    source="Alain & Bengio 2016 (probes); MacDiarmid et al. 2024 (probes on contrasts)",
    suites=("standard", "large"),
)
def contrast_probe(
    brief: DetectBrief,
    *,
    copies: Annotated[int, Log(1, 4)] = 2,
    penalty: Annotated[float, Log(0.1, 100.0)] = 1.0,
    depth: Annotated[str, Choice("all", "first", "middle", "late", "last")] = "all",
) -> Detector:
    """Score inputs by linear probes of trusted against synthetically corrupted inputs, one probe a layer.

    The contrast is made up: patches, noise and blends in images, foreign or misplaced words in texts. No fault is known
    to the probe; it finds one if the fault's inputs lie on the corrupted side.
    """
    import torch

    from fairfight.parts.densities.activations import at_depth, finite_activations
    from fairfight.parts.densities.layers import Layers
    from fairfight.parts.outliers.corrupting import corrupted
    from fairfight.parts.probes.logistic import fit_logistic
    from fairfight.seeds import torch_rng

    subject, sites = brief.subject, at_depth(brief.subject.trunk, depth)
    outliers = corrupted(subject, brief.trusted, copies, torch_rng(brief.seed, "contrast"))
    known, strange = (finite_activations(subject, x, sites) for x in (brief.trusted, outliers))
    positive = torch.arange(len(brief.trusted) + len(outliers)) >= len(brief.trusted)
    probes = {s: fit_logistic(torch.cat([known[s], strange[s]]), positive, penalty=penalty) for s in sites}
    layers = Layers.scaled(probes, [probes[s](known[s]) for s in sites], "mean")

    def detect(inputs: Inputs) -> Tensor:
        return layers.score(finite_activations(subject, inputs, sites))

    return detect
