"""The trigger that works too easily, of whatever kind the inputs allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline(
    "discover", source="Wang et al. 2019 (Neural Cleanse); sweep of tokens", suites=("quick", "standard", "large")
)
def trigger_inversion(
    brief: DiscoverBrief, *, together: Annotated[bool, Choice(True, False)] = True
) -> list[Candidate]:
    """Invert a trigger for every class: masks and patterns, then warps, in pictures; tokens, then words, in texts.

    ``together`` also tries words two and three at a time where no single token is suspicious.
    """
    from fairfight.parts.attacks.recovery import recover
    from fairfight.tasks.discover._claims import claimed

    return claimed(recover(brief.subject, brief.clean, seed=brief.seed, together=together), target=brief.target)
