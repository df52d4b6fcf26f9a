"""What did not end well: failed matches put together by reason, and the cases that are void."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairfight.arena.records import CaseRecord, MatchRecord
    from fairfight.verdict.records import Verdict


@dataclass(frozen=True)
class Failure:
    """Matches of one contender that ended alike."""

    task: str
    suite: str
    contender: str
    kind: str
    status: str
    reason: str
    matches: int
    cases: tuple[str, ...]
    """Names, in order."""
    example: str
    """Id of one of the matches."""


def failures(matches: Iterable[MatchRecord]) -> list[Failure]:
    """Every match that is neither ok nor void, grouped by contender, ending and reason; the most frequent first."""
    groups: dict[tuple[str, str, str, str, str, str], list[MatchRecord]] = {}
    for m in matches:
        if m.status not in ("ok", "void"):
            p = m.plan
            groups.setdefault((p.task, p.suite, p.contender, p.kind, m.status, m.reason), []).append(m)
    found = [
        Failure(*key, len(ms), tuple(sorted({m.plan.case_name for m in ms})), ms[0].id) for key, ms in groups.items()
    ]
    return sorted(found, key=lambda f: (-f.matches, f.contender, f.status, f.reason))


def void_cases(verdicts: Sequence[Verdict], cases: Iterable[CaseRecord]) -> list[tuple[str, str, str, str]]:
    """Task, suite, case and reason of every case that is not scored: as it was built, or as its matches showed."""
    found = {(c.task, c.suite, c.name): c.void for c in cases if c.void and c.split != "dev"}
    for v in verdicts:
        found |= {(v.task, v.suite, name): reason for name, reason in v.void_cases.items()}
    return sorted((*key, reason) for key, reason in found.items())
