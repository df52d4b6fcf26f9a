"""Activations far out in the tails of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, baseline

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Li et al. 2022 (PyOD)")
def ecod(brief: DetectBrief, *, layers: Annotated[str, Choice("all", "last")] = "all") -> Detector:
    """Score inputs by the empirical tail probabilities of their activations, column by column."""
    import torch
    from pyod.models.ecod import ECOD

    model = ECOD(n_jobs=1)
    model.fit(columns(brief, brief.trusted, layers))

    def detect(inputs: Inputs) -> Tensor:
        return torch.from_numpy(model.decision_function(columns(brief, inputs, layers)))

    return detect


def columns(brief: DetectBrief, inputs: Inputs, layers: str) -> np.ndarray:
    """Activations of the last trunk site, or of all side by side, as float64 [n, d]."""
    import torch

    from fairfight.subject import harvest

    sites = brief.subject.trunk if layers == "all" else brief.subject.trunk[-1:]
    acts = harvest(brief.subject, inputs, sites, head=False)
    return torch.cat([acts[site] for site in sites], dim=1).double().numpy()
