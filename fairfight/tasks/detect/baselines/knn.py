"""Distance to the nearest trusted activations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Sun et al. 2022")
def knn(
    brief: DetectBrief,
    *,
    k: Annotated[int, Log(1, 50)] = 10,
    centred: Annotated[bool, Choice(True, False)] = False,
    depth: Annotated[str, Choice("all", "first", "middle", "late", "last")] = "last",
) -> Detector:
    """Score inputs by the cosine distance of their activations to the k-th nearest trusted ones.

    Published for the penultimate activation, the last of the trunk. Several layers are averaged.
    """
    from fairfight.parts.densities.activations import at_depth, finite_activations
    from fairfight.parts.densities.layers import layered_score
    from fairfight.parts.densities.neighbours import fit_neighbours

    subject, sites = brief.subject, at_depth(brief.subject.trunk, depth)

    def fit(site: str, x: Tensor, rows: Tensor) -> Callable[[Tensor], Tensor]:
        origin = x.mean(dim=0) if centred else x.new_zeros(x.shape[1])
        bank = fit_neighbours(x - origin, k=k)
        return lambda y: bank.distance(y - origin)

    return layered_score(subject, finite_activations(subject, brief.trusted, sites), fit)
