"""Far from every cluster of the class that is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool("detect", source="Chen et al. 2018, adapted to run time", suites=("standard", "large"))
def activation_clustering(
    brief: DetectBrief,
    *,
    clusters: Annotated[int, Choice(1, 2, 3)] = 2,
    dimensions: Annotated[int, Log(5, 40)] = 10,
    rest: Annotated[bool, Choice(True, False)] = False,
    depth: Annotated[str, Choice("first", "middle", "late", "last")] = "last",
) -> Detector:
    """Score inputs by the distance of their reduced activation to the nearest cluster of the class that is decided.

    Published for a poisoned training set: reduce a class's activations to ten independent components, part them in two
    by k-means, and call the smaller part poisoned. At run time the trusted inputs hold no poison, so the clusters are
    those of ordinary inputs, and what lies far from all of its class's is strange. Components are whitened principal
    ones (k-means cannot tell them from independent ones, which differ by a rotation), found on all trusted inputs.
    ``rest`` adds what lies outside of them.
    """
    import torch

    from fairfight.parts.bases.pca import pca
    from fairfight.parts.densities.activations import at_depth, finite_activations
    from fairfight.parts.densities.clusters import k_means
    from fairfight.seeds import torch_rng

    subject, (site,) = brief.subject, at_depth(brief.subject.trunk, depth)
    trusted = finite_activations(subject, brief.trusted, [site], head=True)
    assert trusted.logits is not None
    basis = pca(trusted[site], k=dimensions)
    # A sample without spread has no components, and then a unit of one serves.
    scale = basis.encode(trusted[site]).square().mean(dim=0).sqrt().clamp_min(1e-9)
    beyond = basis.residual(trusted[site]).square().mean().sqrt().clamp_min(1e-6)

    def reduced(x: Tensor) -> Tensor:
        codes = basis.encode(x) / scale
        return torch.cat([codes, basis.residual(x)[:, None] / beyond], dim=1) if rest else codes

    decided, points = trusted.logits.argmax(dim=1), reduced(trusted[site])
    rng = torch_rng(brief.seed, "clusters")
    centres = {int(c): k_means(points[decided == c], k=clusters, rng=rng)[0] for c in torch.unique(decided)}
    anywhere = torch.cat(list(centres.values()))

    def detect(inputs: Inputs) -> Tensor:
        acts = finite_activations(subject, inputs, [site], head=True)
        assert acts.logits is not None
        away = [
            torch.cdist(point[None], centres.get(c, anywhere)).amin()
            for point, c in zip(reduced(acts[site]), acts.logits.argmax(dim=1).tolist(), strict=True)
        ]
        return torch.stack(away)

    return detect
