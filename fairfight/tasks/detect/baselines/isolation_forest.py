"""Activations that a few random cuts set apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Liu, Ting & Zhou 2008 (scikit-learn)")
def isolation_forest(
    brief: DetectBrief,
    *,
    trees: Annotated[int, Log(50, 200)] = 100,
    depth: Annotated[str, Choice("all", "first", "middle", "late", "last")] = "all",
) -> Detector:
    """Score inputs by how quickly random cuts isolate their activations."""
    import torch
    from sklearn.ensemble import IsolationForest

    from fairfight.parts.densities.activations import at_depth, finite_activations, side_by_side

    subject, sites = brief.subject, at_depth(brief.subject.trunk, depth)
    forest = IsolationForest(n_estimators=trees, random_state=brief.seed, n_jobs=1)
    forest.fit(side_by_side(finite_activations(subject, brief.trusted, sites)).numpy())

    def detect(inputs: Inputs) -> Tensor:
        return torch.from_numpy(-forest.score_samples(side_by_side(finite_activations(subject, inputs, sites)).numpy()))

    return detect
