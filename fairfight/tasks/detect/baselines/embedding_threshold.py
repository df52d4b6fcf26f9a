"""An embedding that points away from all ordinary ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Rando et al. 2022, on the filter of Stable Diffusion", suites=("standard", "large"))
def embedding_threshold(
    brief: DetectBrief,
    *,
    references: Annotated[str, Choice("classes", "one")] = "classes",
    centred: Annotated[bool, Choice(True, False)] = False,
    depth: Annotated[str, Choice("first", "middle", "late", "last")] = "last",
) -> Detector:
    """Score inputs by the cosine distance of their embedding to the nearest of a few fixed references.

    The simplest filter that products ship compares an embedding with those of forbidden concepts. Here none is known,
    so the references are what is allowed: the mean embedding of the trusted inputs decided for each class, or of all.
    """
    import torch

    from fairfight.parts.densities.activations import at_depth, finite_activations

    subject, (site,) = brief.subject, at_depth(brief.subject.trunk, depth)
    trusted = finite_activations(subject, brief.trusted, [site], head=True)
    assert trusted.logits is not None
    decided = trusted.logits.argmax(dim=1)
    origin = trusted[site].mean(dim=0) if centred else torch.zeros_like(trusted[site][0])
    unit = torch.nn.functional.normalize
    embedded = unit(trusted[site] - origin, dim=1)
    groups = [decided == c for c in torch.unique(decided)] if references == "classes" else [decided >= 0]
    allowed = unit(torch.stack([embedded[rows].mean(dim=0) for rows in groups]), dim=1)

    def detect(inputs: Inputs) -> Tensor:
        embedding = finite_activations(subject, inputs, [site])[site] - origin
        return 1 - (unit(embedding, dim=1) @ allowed.T).amax(dim=1)

    return detect
