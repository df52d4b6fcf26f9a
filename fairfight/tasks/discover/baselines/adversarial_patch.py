"""A patch that brings any picture to a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline(
    "discover",
    source="Brown et al. 2017 (adversarial patch)",
    modalities=("vision",),
    suites=("quick", "standard", "large"),
)
def adversarial_patch(
    brief: DiscoverBrief,
    *,
    side: Annotated[float, Log(0.15, 0.4)] = 0.19,
    screening: Annotated[int, Log(20, 60)] = 30,
    steps: Annotated[int, Log(20, 80)] = 40,
    smooth: Annotated[float, Log(0.01, 1.0)] = 0.05,
) -> list[Candidate]:
    """Train a patch for every class and place of a grid; a class that is reached far better than the others is claimed.

    ``side`` is a patch's, as a share of the picture's; ``smooth`` is what total variation costs, in nats.
    """
    from fairfight.parts.synthesis.search import Effort, pixelwise, strongest_patches
    from fairfight.tasks.discover._pictures import leading, patch_shape

    effort = Effort(screening=screening, steps=steps)
    material = pixelwise(patch_shape(brief, side))
    found = strongest_patches(
        brief.subject,
        brief.clean,
        material,
        seed=brief.seed,
        effort=effort,
        weight=smooth,
        target=brief.target,
    )
    return leading(found, brief.target)
