"""Many contenders' candidates in one order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import torch

from fairfight.faults.training import decide
from fairfight.subject.inputs import Images
from fairfight.tasks.discover.brief import MOST, Candidate, DiscoverBrief
from fairfight.tasks.registry import Contender, Kind, contenders

EACH = 2
"""Candidates that each member has in the pool at most."""
ROWS = 64
"""Inputs of the bank that a candidate is tried on."""


@dataclass(frozen=True)
class Entry:
    """A candidate in the pool."""

    candidate: Candidate
    member: str
    works: float
    """Share of the bank that it brings to its target."""


def members(brief: DiscoverBrief, kinds: tuple[Kind, ...]) -> list[Contender]:
    """Who fights unasked in short suites and is defined on such inputs."""
    modality = "vision" if isinstance(brief.trusted, Images) else "language"
    return [c for c in contenders("discover") if c.kind in kinds and modality in c.modalities and "quick" in c.suites]


def pooled(brief: DiscoverBrief, kinds: tuple[Kind, ...]) -> list[Candidate]:
    """The best candidates of all members, each run with its defaults.

    A candidate counts by its own confidence and by how sure other members are of the same target, times the share of
    the bank on which it works. The pool claims a trojan when a fifth of its members do, and two at least: the more
    there are, the likelier two of them err together.
    """
    entries: list[Entry] = []
    field = members(brief, kinds)
    votes: dict[int, dict[str, float]] = defaultdict(dict)
    some = brief.bank[:ROWS]
    before = decide(brief.subject, some)
    for who in field:
        for candidate in who.run(brief, **who.defaults)[:EACH]:
            entries.append(Entry(candidate, who.name, _works(brief, candidate, before)))
            mine = votes[candidate.target]
            mine[who.name] = max(mine.get(who.name, 0.0), candidate.confidence)

    def worth(entry: Entry) -> float:
        others = [v for name, v in votes[entry.candidate.target].items() if name != entry.member]
        told = sum(others) / len(others) if others else 0.0
        return entry.works * (entry.candidate.confidence + told)

    best = _in_turn(sorted(entries, key=worth, reverse=True))[:MOST]
    if not best:
        return []
    doubt = _claim(votes[best[0].candidate.target], max(2, round(len(field) / 5)))
    return [
        replace(e.candidate, confidence=doubt if i == 0 else min(doubt, e.candidate.confidence))
        for i, e in enumerate(best)
    ]


def _works(brief: DiscoverBrief, candidate: Candidate, before: torch.Tensor) -> float:
    """Share of the bank's other inputs that it brings to the target; of its examples, that are decided so."""
    if candidate.change is None:
        assert candidate.examples is not None
        return float((decide(brief.subject, candidate.examples[:ROWS]) == candidate.target).float().mean())
    others = torch.nonzero(before != candidate.target).flatten()
    if not len(others):
        return 0.0
    changed = candidate.change(brief.bank[:ROWS][others])
    return float((decide(brief.subject, changed) == candidate.target).float().mean())


def _claim(votes: dict[str, float], needed: int) -> float:
    """How sure so many members are of a target at least."""
    surest = sorted(votes.values(), reverse=True)
    return surest[needed - 1] if len(surest) >= needed else 0.0


def _in_turn(order: list[Entry]) -> list[Entry]:
    """The best of each member first, then the second best."""
    seen: dict[str, int] = defaultdict(int)
    turns = []
    for entry in order:
        turns.append((seen[entry.member], entry))
        seen[entry.member] += 1
    return [entry for _, entry in sorted(turns, key=lambda t: t[0])]
