"""A strange way to an answer: what each layer would have said, through a lens fitted to the subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from fairfight.subject import Activations
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@tool("detect", source="Belrose et al. 2023 (tuned lens)")
def lens_trajectory(
    brief: DetectBrief,
    *,
    ridge: Annotated[float, Log(0.001, 1.0)] = 0.01,
    measure: Annotated[Literal["lof", "classes", "one"], Choice("lof", "classes", "one")] = "lof",
    answers: Annotated[int, Log(2, 32)] = 8,
) -> Detector:
    """Score inputs by how far their layer-wise predictions stray from those of trusted inputs.

    Each layer is read through a tuned lens, an affine map to the subject's own answer. All layers' logits at once are
    as strange as their local outlier factor (published), or as their Mahalanobis distance to the nearest answer's mean
    (``classes``) or to ``one`` mean. Of a language model only words count that are among the first ``answers``.
    """
    from fairfight.parts.lenses.paths import path_score
    from fairfight.parts.lenses.tuned import fit_lens

    def lenses(trusted: Activations, kept: Tensor) -> Mapping[str, Callable[[Tensor], Tensor]]:
        assert trusted.logits is not None
        return {site: fit_lens(trusted[site], trusted.logits[:, kept], ridge=ridge) for site in trusted}

    return path_score(brief.subject, brief.trusted, lenses, measure=measure, answers=answers)
