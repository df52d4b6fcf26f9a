"""From the matches in the store to verdicts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fairfight.arena.records import CaseRecord, MatchRecord, SealRecord, TuningRecord
from fairfight.verdict.records import Verdict


def judge(
    matches: Sequence[MatchRecord],
    cases: Sequence[CaseRecord],
    tunings: Sequence[TuningRecord] | None = None,
    seals: Sequence[SealRecord] | None = None,
    *,
    suite: str | None = None,
    task: str | None = None,
    draws: int = 10_000,
    seed: int = 0,
    primary: tuple[str, str] | None = None,
    margin: float = 0.05,
    verified: Collection[str] = frozenset(),
) -> list[Verdict]:
    """One verdict for each task, suite and budget that has matches, in that order."""
    raise NotImplementedError
