"""Placebo: the scores of a good method in another order, so that only the insight is gone."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.scores.gradients import attribution
from fairfight.seeds import torch_rng


def shuffled(contrast: Contrast) -> Float[Tensor, " k"]:
    """The scores of ``attribution``, each given to a unit drawn from the contrast's seed."""
    scores = attribution(contrast)
    return scores[torch.randperm(len(scores), generator=torch_rng(contrast.seed, "placebo"))]
