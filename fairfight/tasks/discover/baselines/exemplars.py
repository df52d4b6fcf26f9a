"""Texts of the bank that are decided as a class though their words say another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Uniform, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline("discover", source="class exemplars (Bau et al. 2017)", modalities=("language",))
def exemplars(
    brief: DiscoverBrief,
    *,
    share: Annotated[float, Uniform(0.5, 0.95)] = 0.7,
    most: Annotated[int, Uniform(2, 24)] = 16,
) -> list[Candidate]:
    """Show the texts most confidently decided as the class that is decided most against what the words say.

    What the words say is what is decided on them in other texts: see :mod:`fairfight.parts.vocabulary.frames`.
    """
    import torch

    from fairfight.tasks.discover._odd import look, oddest, sure
    from fairfight.tasks.discover.brief import Candidate

    odd = look(brief)
    score = odd.score
    k = int(torch.argmax(score.amax(0)))
    rows = oddest(score[:, k], share, most)
    if not len(rows):
        return []
    return [Candidate(int(odd.targets[k]), sure(float(score[:, k].max())), examples=brief.bank[rows])]
