"""Activations that a few random cuts set apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Liu, Ting & Zhou 2008 (PyOD)")
def isolation_forest(
    brief: DetectBrief,
    *,
    trees: Annotated[int, Log(50, 200)] = 100,
    layers: Annotated[str, Choice("all", "last")] = "all",
) -> Detector:
    """Score inputs by how quickly random cuts isolate their activations."""
    import torch
    from pyod.models.iforest import IForest

    from fairfight.tasks.detect.baselines.ecod import columns

    forest = IForest(n_estimators=trees, random_state=brief.seed, n_jobs=1)
    forest.fit(columns(brief, brief.trusted, layers))

    def detect(inputs: Inputs) -> Tensor:
        return torch.from_numpy(forest.decision_function(columns(brief, inputs, layers)))

    return detect
