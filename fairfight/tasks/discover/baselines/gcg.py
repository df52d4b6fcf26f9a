"""Greedy coordinate gradient towards every target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline("discover", source="Zou et al. 2023 (GCG)", modalities=("language",), suites=("quick", "standard", "large"))
def gcg(
    brief: DiscoverBrief,
    *,
    length: Annotated[int, Uniform(1, 5)] = 3,
    steps: Annotated[int, Log(5, 30)] = 10,
    width: Annotated[int, Log(16, 128)] = 48,
    texts: Annotated[int, Uniform(4, 12)] = 6,
) -> list[Candidate]:
    """Exchange tokens one by one, as the gradient says, until texts are decided as the target.

    Tokens that it works as well without are left out.
    """
    from fairfight.parts.attacks import gcg as attack
    from fairfight.tasks.discover._claims import claimed

    return claimed(
        attack.gcg(brief.subject, brief.clean, seed=brief.seed, length=length, steps=steps, width=width, texts=texts)
    )
