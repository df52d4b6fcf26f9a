"""Methods one after the other: natural pictures are asked first, and a trigger is made where they show none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, combination

if TYPE_CHECKING:
    from fairfight.parts.attacks.trigger import Trigger
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@combination(
    "discover",
    source="Brown et al. 2017; Guo et al. 2019 (adversarial patch, then TABOR)",
    modalities=("vision",),
    suites=("standard", "large"),
)
def agreed_patch(
    brief: DiscoverBrief,
    *,
    searches: Annotated[int, Log(3, 12)] = 6,
    steps: Annotated[int, Log(60, 200)] = 100,
) -> list[Candidate]:
    """Find a class and a place by adversarial patches; hand in what several masked searches there agree on."""
    from fairfight.tasks.discover._claims import claimed

    best = _sought(brief, searches, steps)
    return claimed([best]) if best is not None else []


LIES = 0.97
"""Success from which a piece of a visualisation shows a thing that lies somewhere, not a look that is spread out."""
FIRM = 0.6
"""A claim below it counts only if a piece of the visualisation bears it out."""


@combination(
    "discover",
    source="difference directions, SAE latents and feature visualisation; then adversarial patch and TABOR",
    modalities=("vision",),
    suites=("quick", "standard", "large"),
)
def seen_or_sought(
    brief: DiscoverBrief,
    *,
    searches: Annotated[int, Log(3, 12)] = 6,
    steps: Annotated[int, Log(60, 200)] = 100,
) -> list[Candidate]:
    """Show the trigger of the class that ``difference-direction`` claims; if it claims none, do as ``agreed-patch``.

    A trigger that occurs in the world is seen in the bank, one that was made up has to be sought. If a piece of the
    class's Fourier visualisation works nearly always, the trigger lies in one place: the piece comes first, then the
    pictures. Otherwise only pictures show it: those of the direction, then those of ``sae-latents``; if the claim is
    weak, a trigger is sought after all.
    """
    from fairfight.tasks.discover._claims import claimed
    from fairfight.tasks.discover._pictures import piece_for
    from fairfight.tasks.discover.brief import CLAIM, Candidate
    from fairfight.tasks.registry import contender

    who = contender("discover", "difference-direction")
    seen = [c for c in who.run(brief, **who.defaults) if c.confidence >= CLAIM][:1]
    if not seen:
        best = _sought(brief, searches, steps)
        return claimed([best]) if best is not None else []
    piece = piece_for(brief, seen[0].target)
    if piece.success >= LIES:
        return [Candidate(seen[0].target, seen[0].confidence, change=piece.change), *seen]
    if seen[0].confidence < FIRM and (best := _sought(brief, searches, steps)) is not None:
        return claimed([best])
    who = contender("discover", "sae-latents")
    return seen + [c for c in who.run(brief, **who.defaults) if c.target == seen[0].target][:1]


def _sought(brief: DiscoverBrief, searches: int, steps: int) -> Trigger | None:
    """The most suspicious patch's agreed trigger; nothing from too few pictures."""
    from dataclasses import replace

    from fairfight.parts.scans.agreed import COURSE, agreed
    from fairfight.parts.synthesis.search import Effort, pixelwise, strongest_patches
    from fairfight.tasks.discover._pictures import patch_shape

    if len(brief.clean) < 4 or len(brief.clean.labels.unique()) < 2:
        return None
    material = pixelwise(patch_shape(brief, 0.19))
    found = strongest_patches(brief.subject, brief.clean, material, seed=brief.seed, effort=Effort(), weight=0.05)
    course = replace(COURSE, steps=steps)
    return agreed(brief.subject, brief.clean, found[0], seed=brief.seed, searches=searches, course=course)
