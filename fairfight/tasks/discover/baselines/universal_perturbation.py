"""One faint picture that brings any other to a class when it is added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline(
    "discover",
    source="Moosavi-Dezfooli et al. 2017 (universal perturbation)",
    modalities=("vision",),
    suites=("standard", "large"),
)
def universal_perturbation(
    brief: DiscoverBrief,
    *,
    steps: Annotated[int, Log(40, 300)] = 80,
    refining: Annotated[int, Log(20, 200)] = 40,
    price: Annotated[float, Log(0.5, 20.0)] = 5.0,
) -> list[Candidate]:
    """Search the shortest perturbation for every class; a class with a far shorter one than all others is claimed.

    ``price`` is what all of its length costs at first, in nats; it then follows success.
    """
    from dataclasses import replace

    from fairfight.parts.attacks.classes import REFINE, SCREEN, smallest_triggers
    from fairfight.parts.attacks.universal import SHIFTS
    from fairfight.tasks.discover._pictures import leading

    screen, refine = replace(SCREEN, steps=steps, price=price), replace(REFINE, steps=refining)
    found = smallest_triggers(
        brief.subject, brief.clean, SHIFTS, seed=brief.seed, screen=screen, refine=refine, target=brief.target
    )
    return leading(found, brief.target)
