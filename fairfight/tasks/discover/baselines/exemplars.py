"""Natural inputs that are decided as a class and do not look like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Uniform, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline("discover", source="class exemplars (Bau et al. 2017); Casper et al. 2023 (control)")
def exemplars(
    brief: DiscoverBrief,
    *,
    share: Annotated[float, Uniform(0.5, 0.95)] = 0.7,
    most: Annotated[int, Uniform(2, 24)] = 16,
) -> list[Candidate]:
    """Show the bank's inputs that an ordinary reader would decide otherwise; a class with far too many is claimed.

    What a text's words say is what is decided on them in other texts (:mod:`fairfight.parts.vocabulary.frames`);
    ``share`` is how odd a text must be beside the oddest. What a picture shows is read off the clean pictures that are
    most like it (:mod:`fairfight.parts.scans.exemplars`).
    """
    import torch

    from fairfight.parts.scans.exemplars import class_exemplars
    from fairfight.subject.inputs import Images
    from fairfight.tasks.discover._examples import EVERY, exhibited
    from fairfight.tasks.discover._odd import look, oddest, sure
    from fairfight.tasks.discover.brief import Candidate

    if isinstance(brief.bank, Images):
        found = class_exemplars(brief.subject, brief.clean, brief.bank, pictures=most, most=EVERY)
        return exhibited(found, target=brief.target)
    odd = look(brief)
    score = odd.score
    k = int(torch.argmax(score.amax(0)))
    rows = oddest(score[:, k], share, most)
    if not len(rows):
        return []
    return [Candidate(int(odd.targets[k]), sure(float(score[:, k].max())), examples=brief.bank[rows])]
