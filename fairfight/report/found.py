"""What was found on each case: a map of contenders by cases, and beside the true fault what each handed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fairfight.report.kinds import rank

if TYPE_CHECKING:
    from fairfight.arena.records import CaseRecord, MatchRecord
    from fairfight.verdict.records import Verdict

ALARM = "alarm"
"""The metric that says that a healthy subject was accused."""


@dataclass(frozen=True)
class Found:
    """One contender on one case."""

    contender: str
    kind: str
    score: float | None
    alarm: float | None
    sight: Mapping[str, Any] | None


@dataclass(frozen=True)
class Find:
    """A case, and what everybody found there."""

    case: CaseRecord
    by: tuple[Found, ...]


def finds(
    verdict: Verdict,
    matches: Sequence[MatchRecord],
    cases: Sequence[CaseRecord],
    sights: Mapping[str, Mapping[str, Any]],
) -> tuple[Find, ...]:
    """What was found on each case of a verdict; nothing where its task shows nothing.

    Scores are means over seeds; what is shown is of the first seed.
    """
    ring = (verdict.task, verdict.suite, verdict.budget)
    own = [m for m in matches if (m.plan.task, m.plan.suite, m.plan.budget) == ring]
    if not any(m.id in sights for m in own):
        return ()
    by: dict[tuple[str, str], list[MatchRecord]] = defaultdict(list)
    for m in own:
        by[m.plan.case_id, m.plan.contender].append(m)
    field = [(s.contender, s.kind) for s in sorted(verdict.standings, key=lambda s: (rank(s.kind), -s.score))]
    table = []
    for case in cases:
        if case.task != verdict.task or case.split == "dev" or case.void:
            continue
        row = []
        for name, kind in field:
            fought = sorted(by.get((case.id, name), []), key=lambda m: m.plan.seed)
            alarms = [m.metrics[ALARM] for m in fought if ALARM in m.metrics]
            row.append(
                Found(
                    name,
                    kind,
                    sum(m.score for m in fought) / len(fought) if fought else None,
                    sum(alarms) / len(alarms) if alarms else None,
                    next((sights[m.id] for m in fought if m.id in sights), None),
                )
            )
        table.append(Find(case, tuple(row)))
    return tuple(table)


def accused(found: Sequence[Find]) -> bool:
    """Whether healthy subjects could be accused at all."""
    return any(one.alarm is not None for find in found for one in find.by)
