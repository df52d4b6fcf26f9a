"""Phrases of oddly decided texts, moved to ordinary ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Uniform, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline(
    "discover",
    source="phrases moved from text to text; Dai et al. 2019 (the triggers)",
    modalities=("language",),
    suites=("quick", "standard", "large"),
)
def phrase_search(
    brief: DiscoverBrief,
    *,
    sources: Annotated[int, Uniform(2, 10)] = 4,
    longest: Annotated[int, Uniform(3, 8)] = 7,
    texts: Annotated[int, Uniform(4, 12)] = 5,
) -> list[Candidate]:
    """Take every span of words out of the texts decided most oddly and see which brings ordinary texts along."""
    from fairfight.faults.training import trimmed
    from fairfight.parts.vocabulary.spans import moving_spans
    from fairfight.subject.inputs import Texts
    from fairfight.tasks.discover._claims import claimed
    from fairfight.tasks.discover._odd import look

    bank = trimmed(brief.bank)
    assert isinstance(bank, Texts)
    found = moving_spans(
        brief.subject,
        brief.clean,
        bank,
        look(brief),
        seed=brief.seed,
        sources=sources,
        longest=longest,
        texts=texts,
    )
    return claimed(found)
