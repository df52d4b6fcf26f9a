"""Beam search over words of the bank towards every target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline(
    "discover",
    source="beam search over frequent words",
    modalities=("language",),
    suites=("quick", "standard", "large"),
)
def beam_search(
    brief: DiscoverBrief,
    *,
    length: Annotated[int, Uniform(2, 5)] = 3,
    most: Annotated[int, Log(64, 512)] = 192,
    branch: Annotated[int, Log(16, 96)] = 48,
    beam: Annotated[int, Uniform(1, 6)] = 3,
) -> list[Candidate]:
    """Extend the best words of the bank by one word after the other, until texts are decided as the target."""
    from fairfight.faults.training import trimmed
    from fairfight.parts.attacks import beam as attack
    from fairfight.subject.inputs import Texts
    from fairfight.tasks.discover._claims import claimed

    bank = trimmed(brief.bank)
    assert isinstance(bank, Texts)
    found = attack.beam_search(
        brief.subject, brief.clean, bank, seed=brief.seed, length=length, most=most, branch=branch, beam=beam
    )
    return claimed(found)
