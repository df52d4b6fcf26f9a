"""Replay: stored matches fought again, to see whether they come out the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairfight.arena import seal as seals
from fairfight.arena.engine import LocalEngine, modules_of
from fairfight.arena.lane import Lane
from fairfight.arena.progress import Board, Watch
from fairfight.arena.records import MatchRecord, SealRecord
from fairfight.seeds import numpy_rng
from fairfight.tasks import registry
from fairfight.tasks.task import CaseSpec

_REPEATABLE = ("ok", "over-budget")


@dataclass(frozen=True)
class Verification:
    """What checking a store found."""

    seals_held: tuple[str, ...]
    """Commitments that the revealed secrets give again."""
    seals_broken: tuple[str, ...]
    seals_closed: tuple[str, ...]
    """Not revealed yet."""
    matches_same: tuple[str, ...]
    """Ids of re-fought matches with the same status, score, metrics and operations."""
    matches_changed: tuple[tuple[str, str], ...]
    """Ids with what differs."""
    matches_stale: int
    """Stored matches that cannot be re-fought because their contender or case has changed since."""

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts the store."""
        return not self.seals_broken and not self.matches_changed


def replay(
    stored: Sequence[MatchRecord],
    records: Sequence[SealRecord],
    *,
    sample: int,
    seed: int = 0,
    workers: int | None = None,
    watch: Watch | None = None,
) -> tuple[list[str], list[tuple[str, str]], int]:
    """Fight a random sample of the stored matches again.

    Args:
        stored: All matches to draw from.
        records: Seals, whose revealed secrets give the cases again.
        sample: How many.
        seed: Which ones.
        workers: Worker processes; two by default.
        watch: For live progress.

    Returns:
        Ids that came out the same; ids with what differs; how many stored matches can no longer be fought.
    """
    specs = _specs(records)
    fought = {(m.plan.task, m.plan.contender) for m in stored}
    codes = {task: registry.fingerprints(task, [n for t, n in fought if t == task]) for task in {t for t, _ in fought}}
    able = [
        m
        for m in stored
        if m.status in _REPEATABLE
        and m.plan.case_id in specs
        and codes[m.plan.task].get(m.plan.contender) == m.plan.fingerprint
    ]
    stale = len([m for m in stored if m.status in _REPEATABLE]) - len(able)
    able.sort(key=lambda m: m.id)
    picked = numpy_rng(seed, "replay").permutation(len(able))[:sample]
    chosen = [able[i] for i in sorted(picked)]
    if not chosen:
        return [], [], stale
    board = Board(watch, workers or 2)
    board.expect(building=len(chosen), matches=len(chosen))
    same: list[str] = []
    changed: list[tuple[str, str]] = []

    def again(lane: Lane, old: MatchRecord) -> None:
        spec = specs[old.plan.case_id]
        who = registry.contender(old.plan.task, old.plan.contender)
        with board.doing(lane, f"{who.name} on {spec.name}, seed {old.plan.seed}, again"):
            lane.open(spec, old.plan.seed)
            board.built()
            new = lane.fight(old.plan, who)
            lane.close(spec, old.plan.seed)
        difference = _difference(old, new)
        if difference:
            changed.append((old.id, difference))
        else:
            same.append(old.id)
        board.fought(1)

    engine = LocalEngine(
        min(workers or 2, len(chosen)),
        tasks=sorted({m.plan.task for m in chosen}),
        modalities=sorted({specs[m.plan.case_id].modality for m in chosen}),
        modules=modules_of([registry.contender(m.plan.task, m.plan.contender) for m in chosen]),
    )
    with engine:
        engine.each(chosen, again, lambda m: m.plan.case_id)
    return sorted(same), sorted(changed), stale


def _specs(records: Sequence[SealRecord]) -> dict[str, CaseSpec]:
    known = registry.tasks()
    secrets = {(r.task, r.suite, r.secret) for r in records if r.secret} | {
        (r.task, r.suite, seals.PUBLIC_SECRET) for r in records
    }
    return {
        spec.id: spec for task, suite, secret in secrets if task in known for spec in known[task].specs(suite, secret)
    }


def _difference(old: MatchRecord, new: MatchRecord) -> str:
    parts = []
    if old.status != new.status:
        parts.append(f"was {old.status}, is {new.status} {new.reason}".strip())
    for name in sorted({*old.metrics, *new.metrics}):
        if old.metrics.get(name) != new.metrics.get(name):
            parts.append(f"{name} was {old.metrics.get(name)}, is {new.metrics.get(name)}")
    if old.cost.flops != new.cost.flops:
        parts.append(f"operations were {old.cost.flops}, are {new.cost.flops}")
    return "; ".join(parts)
