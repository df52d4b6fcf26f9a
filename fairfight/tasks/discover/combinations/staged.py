"""Methods one after the other: natural pictures are asked first, and a trigger is made where they show none."""

from __future__ import annotations

from dataclasses import replace
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


SMALL = 0.04
"""Share of a picture that a trigger covers at most which lies somewhere; a look that is spread out covers more."""
WORKS = 0.6
"""Success that what is cut out of natural pieces must have at least."""


@combination(
    "discover",
    source="difference directions, SAE latents and natural patches (Casper et al. 2022); then adversarial patch, TABOR",
    modalities=("vision",),
    suites=("quick", "standard", "large"),
)
def seen_or_sought(
    brief: DiscoverBrief,
    *,
    searches: Annotated[int, Log(3, 12)] = 6,
    steps: Annotated[int, Log(60, 200)] = 100,
) -> list[Candidate]:
    """Show the trigger of the class that natural pictures and their pieces bring out; otherwise do as ``agreed-patch``.

    A trigger that occurs in the world is seen in the bank, one that was made up has to be sought. A class is claimed
    that ``difference-direction`` and ``natural-patches`` are sure of together. If little of its pieces does all the
    work, the trigger is a thing that lies somewhere: what was cut out is handed in. Otherwise only pictures show it:
    those of the direction, then those of ``sae-latents``.
    """
    from fairfight.parts.scans.cutout import cut_out
    from fairfight.parts.scans.natural import natural_patches
    from fairfight.subject.inputs import Images
    from fairfight.tasks.discover._claims import claimed, sure
    from fairfight.tasks.discover.brief import CLAIM, Candidate
    from fairfight.tasks.registry import contender

    if _too_few(brief):
        return []
    assert isinstance(brief.bank, Images)
    height, width = brief.bank.pixels.shape[2:]
    directions, latents = (contender("discover", name) for name in ("difference-direction", "sae-latents"))
    seen = {c.target: c for c in directions.run(brief, **directions.defaults)}
    pieces = natural_patches(brief.subject, brief.clean, brief.bank, seed=brief.seed, target=brief.target)
    told = {p.target: sure(p.suspicion) for p in pieces}
    belief = {k: (seen[k].confidence + told[k]) / 2 for k in seen.keys() & told.keys()}
    target = max(belief, key=lambda k: belief[k], default=-1)
    if not belief or belief[target] < CLAIM:
        best = _sought(brief, searches, steps)
        return claimed([best]) if best is not None else []
    cut = cut_out(brief.subject, brief.clean, [p for p in pieces if p.target == target], seed=brief.seed)
    things = [c for c in cut if c.success >= WORKS and c.size <= SMALL * height * width]
    if 2 * len(things) > len(cut):
        return [Candidate(target, belief[target], change=c.change) for c in things]
    shown = [replace(seen[target], confidence=belief[target])]
    return shown + [c for c in latents.run(brief, **latents.defaults) if c.target == target][:1]


def _sought(brief: DiscoverBrief, searches: int, steps: int) -> Trigger | None:
    """The most suspicious patch's agreed trigger, or that of the class asked about; nothing from too few pictures."""
    from fairfight.parts.scans.agreed import COURSE, agreed
    from fairfight.parts.synthesis.search import Effort, pixelwise, strongest_patches
    from fairfight.tasks.discover._pictures import patch_shape

    if _too_few(brief):
        return None
    material = pixelwise(patch_shape(brief, 0.19))
    found = strongest_patches(
        brief.subject,
        brief.clean,
        material,
        seed=brief.seed,
        effort=Effort(),
        weight=0.05,
        target=brief.target,
    )
    asked = [f for f in found if brief.target in (None, f.target)]
    course = replace(COURSE, steps=steps)
    return agreed(brief.subject, brief.clean, asked[0], seed=brief.seed, searches=searches, course=course)


def _too_few(brief: DiscoverBrief) -> bool:
    """Whether there is too little to search with."""
    return len(brief.clean) < 4 or len(brief.clean.labels.unique()) < 2
