"""The smallest mask and pattern that bring any picture to a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline("discover", source="Wang et al. 2019 (Neural Cleanse)", modalities=("vision",))
def neural_cleanse(
    brief: DiscoverBrief,
    *,
    steps: Annotated[int, Log(40, 300)] = 80,
    refining: Annotated[int, Log(20, 200)] = 60,
    price: Annotated[float, Log(0.5, 20.0)] = 5.0,
) -> list[Candidate]:
    """Search the smallest mask and pattern for every class; a class with a far smaller one than all others is claimed.

    ``price`` is what all of a mask costs at first, in nats; it then follows success, as published.
    """
    from dataclasses import replace

    from fairfight.parts.attacks.classes import REFINE, SCREEN, smallest_triggers
    from fairfight.parts.attacks.masks import STAMPS
    from fairfight.tasks.discover._claims import claimed

    screen = replace(SCREEN, steps=steps, price=price)
    refine = replace(REFINE, steps=refining)
    found = smallest_triggers(
        brief.subject, brief.clean, STAMPS, seed=brief.seed, screen=screen, refine=refine, target=brief.target
    )
    return claimed(found, target=brief.target)
