"""Activations far out in the tails of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Li et al. 2022")
def ecod(
    brief: DetectBrief,
    *,
    depth: Annotated[str, Choice("all", "first", "middle", "late", "last")] = "all",
) -> Detector:
    """Score inputs by the empirical tail probabilities of their activations, column by column."""
    from fairfight.parts.densities.activations import at_depth, finite_activations, side_by_side
    from fairfight.parts.densities.tails import fit_tails

    subject, sites = brief.subject, at_depth(brief.subject.trunk, depth)
    tails = fit_tails(side_by_side(finite_activations(subject, brief.trusted, sites)))

    def detect(inputs: Inputs) -> Tensor:
        return tails.strangeness(side_by_side(finite_activations(subject, inputs, sites)))

    return detect
