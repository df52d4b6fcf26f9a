"""Scores by name: which units of a basis make a fault."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from fairfight.errors import unknown
from fairfight.parts.scores.contrast import Contrast, Score
from fairfight.parts.scores.exact import patching
from fairfight.parts.scores.gradients import attribution, integrated
from fairfight.parts.scores.placebo import shuffled
from fairfight.parts.scores.reading import difference, probe
from fairfight.parts.scores.shapley import shapley
from fairfight.parts.scores.sparse_layer import sparse_layer

SCORES: dict[str, Score] = {
    "difference": difference,
    "probe": probe,
    "attribution": attribution,
    "integrated": integrated,
    "patching": patching,
    "shapley": shapley,
    "sparse-layer": sparse_layer,
    "random": shuffled,
}
"""Of the same signature and meaning; see :data:`fairfight.parts.scores.contrast.Score`."""


def score(name: str, contrast: Contrast) -> Float[Tensor, " k"]:
    """A score a unit of the contrast's basis; the higher, the more of the fault it makes.

    Args:
        name: A key of :data:`SCORES`.
        contrast: Where to look, and by what to tell.

    Raises:
        UserError: No score has that name, or it cannot be had of this subject.
    """
    if name not in SCORES:
        raise unknown("score", name, SCORES)
    return SCORES[name](contrast)
