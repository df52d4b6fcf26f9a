"""Universal triggers towards every target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline(
    "discover",
    source="Wallace et al. 2019 (universal triggers); Ebrahimi et al. 2018 (HotFlip)",
    modalities=("language",),
    suites=("quick", "standard", "large"),
)
def universal_trigger(
    brief: DiscoverBrief,
    *,
    length: Annotated[int, Uniform(1, 5)] = 3,
    rounds: Annotated[int, Uniform(1, 4)] = 2,
    best: Annotated[int, Log(8, 64)] = 16,
    beam: Annotated[int, Uniform(1, 5)] = 3,
) -> list[Candidate]:
    """Exchange the tokens before texts by a beam search along gradients, until texts are decided as the target."""
    from fairfight.parts.attacks import hotflip as attack
    from fairfight.tasks.discover._claims import claimed

    return claimed(
        attack.universal_triggers(
            brief.subject, brief.clean, seed=brief.seed, length=length, rounds=rounds, best=best, beam=beam
        )
    )
