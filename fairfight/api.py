"""The Python interface: what the commands do, as functions that return values."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fairfight.arena import campaign, seal
from fairfight.arena.progress import Watch
from fairfight.arena.records import CaseRecord, MatchRecord, SealRecord, TuningRecord
from fairfight.arena.replay import Verification, replay
from fairfight.arena.sitting import Limits
from fairfight.arena.store import Store
from fairfight.content import content_id
from fairfight.errors import UserError, unknown
from fairfight.tasks import registry
from fairfight.tasks.task import SUITES
from fairfight.verdict import Verdict, judge


@dataclass(frozen=True)
class Results:
    """What a store holds of a suite, judged."""

    suite: str
    verdicts: tuple[Verdict, ...]
    matches: tuple[MatchRecord, ...]
    cases: tuple[CaseRecord, ...]
    seals: tuple[SealRecord, ...]
    tunings: tuple[TuningRecord, ...]
    fingerprint: str
    """Identity of all of the above: equal fingerprints give equal reports."""
    new: int = 0
    """Matches fought by the call that made this."""
    sights: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """What a person should see of submissions, by match."""

    def write_report(self, path: str | Path = "report.html", *, command: str = "fairfight run") -> Path:
        """Write the self-contained HTML report, unless the file there already shows just this.

        Raises:
            UserError: The file cannot be written.
        """
        from fairfight.report.file import is_current, write

        target = Path(path)
        if not is_current(target, self.fingerprint):
            write(
                target,
                self.verdicts,
                self.matches,
                self.cases,
                self.seals,
                self.tunings,
                title=f"Fairfight: {self.suite}",
                command=command,
                fingerprint=self.fingerprint,
                sights=self.sights,
            )
        return target


def run(
    suite: str = "tour",
    *,
    tasks: Sequence[str] | None = None,
    contenders: Sequence[str] | None = None,
    seeds: int | None = None,
    budget: str | float | None = None,
    trials: int | None = None,
    workers: int | None = None,
    store: str | Path | Store | None = None,
    fresh: bool = False,
    seconds: float | None = None,
    memory_gib: float | None = None,
    watch: Watch | None = None,
) -> Results:
    """Fight every match of a suite that the store lacks, and judge them all.

    Args:
        suite: ``tour``, ``quick``, ``standard`` or ``large``.
        tasks: Names of tasks; all that have cases in the suite by default.
        contenders: Names of contenders, or ``["all"]``; by default those that fight in the suite unasked. The floor
            and the ceiling always fight.
        seeds: Match seeds on every case.
        budget: Floating-point operations a sitting ("2e9", "500M"); the task's own by default.
        trials: Tuning trials for each contender and modality; 1 means defaults.
        workers: Worker processes; one a core by default.
        store: Path, database URL or an open store; the user's own by default.
        fresh: Draw the cases anew under a seal instead of the public draw.
        seconds: Wall-clock limit of a sitting.
        memory_gib: Memory limit of a sitting.
        watch: Called with a :class:`fairfight.arena.progress.Snapshot` at every change.

    Raises:
        UserError: Something in the request or on the machine must be changed.
    """
    usual = Limits()
    limits = Limits(
        wall_seconds=usual.wall_seconds if seconds is None else seconds,
        cpu_seconds=usual.cpu_seconds if seconds is None else seconds,
        memory_bytes=usual.memory_bytes if memory_gib is None else int(memory_gib * 2**30),
    )
    request = campaign.Request(
        suite=suite,
        tasks=tasks,
        contenders=contenders,
        seeds=seeds,
        budget=None if budget is None else str(budget),
        trials=trials,
        workers=workers,
        fresh=fresh,
        limits=limits,
    )
    with _open(store) as opened:
        done = campaign.run(request, opened, watch)
        return _judged(opened, done.suite, ids=done.matches, among=done.cases, tasks=done.tasks, new=done.new)


def results(
    suite: str | None = None, *, store: str | Path | Store | None = None, task: str | None = None
) -> list[Results]:
    """Judge what a store holds, a suite at a time, without fighting anything.

    Raises:
        UserError: The store holds no match of that suite or task.
    """
    if suite is not None and suite not in SUITES:
        raise unknown("suite", suite, SUITES)
    with _open(store, readonly=True) as opened:
        chosen = [suite] if suite else [s for s in SUITES if opened.cases(suite=s)]
        found = [_judged(opened, s, tasks=[task] if task else None) for s in chosen]
    found = [r for r in found if r.matches or r.cases]
    if not found:
        raise UserError("The store holds no matches to report on: run `fairfight run` first, or name another --store.")
    return found


def show(match: str, *, store: str | Path | Store | None = None) -> MatchRecord:
    """One stored match by the beginning of its id.

    Raises:
        UserError: No match, or several, begin so.
    """
    with _open(store, readonly=True) as opened:
        return opened.match(match)


def verify(
    *,
    store: str | Path | Store | None = None,
    suite: str | None = None,
    sample: int = 5,
    seed: int = 0,
    workers: int | None = None,
    watch: Watch | None = None,
) -> Verification:
    """Re-derive the committed hashes and fight a sample of the stored matches again.

    Args:
        store: What to check.
        suite: Only this suite.
        sample: How many matches to fight again.
        seed: Which ones.
        workers: Worker processes.
        watch: For live progress.

    Raises:
        UserError: The store cannot be read or is empty.
    """
    with _open(store, readonly=True) as opened:
        records = opened.seals(suite=suite)
        known = registry.tasks()
        revealed = [s for s in records if s.secret is not None and s.task in known]
        held = tuple(s.commitment for s in revealed if seal.holds(s, known[s.task]))
        stored = opened.matches(suite=suite)
        if not stored:
            raise UserError("The store holds no matches to verify: run `fairfight run` first, or name another --store.")
        same, changed, stale = replay(stored, records, sample=sample, seed=seed, workers=workers, watch=watch)
    return Verification(
        seals_held=held,
        seals_broken=tuple(s.commitment for s in revealed if s.commitment not in held),
        seals_closed=tuple(s.commitment for s in records if s.secret is None),
        matches_same=tuple(same),
        matches_changed=tuple(changed),
        matches_stale=stale,
    )


def catalogue() -> dict[str, Any]:
    """Tasks, suites, cases and contenders as plain values."""
    tasks = registry.tasks().values()
    return {
        "suites": list(SUITES),
        "tasks": [
            {
                "name": t.name,
                "category": t.category,
                "job": t.job,
                "metrics": [asdict(m) for m in t.metrics],
                "cases": {
                    s: [
                        {
                            "name": c.name,
                            "id": c.id,
                            "split": c.split,
                            "modality": c.modality,
                            "missing": t.missing(c),
                        }
                        for c in t.specs(s, seal.PUBLIC_SECRET)
                    ]
                    for s in SUITES
                },
                "contenders": [
                    {
                        "name": c.name,
                        "kind": c.kind,
                        "source": c.source,
                        "summary": c.summary,
                        "placebo_of": c.placebo_of,
                        "reusable": c.reusable,
                        "modalities": list(c.modalities),
                        "suites": list(c.suites),
                        "module": c.run.__module__,
                        "hyperparameters": {
                            k: {"default": c.defaults[k], "range": {"type": type(r).__name__.lower(), **asdict(r)}}
                            for k, r in c.space.items()
                        },
                    }
                    for c in registry.contenders(t.name)
                ],
            }
            for t in tasks
        ],
    }


def _open(store: str | Path | Store | None, readonly: bool = False) -> Store:
    return store if isinstance(store, Store) else Store.open(store, readonly=readonly)


def _judged(
    store: Store,
    suite: str,
    *,
    ids: Sequence[str] | None = None,
    among: Sequence[str] | None = None,
    tasks: Sequence[str] | None = None,
    new: int = 0,
) -> Results:
    matches = [m for m in store.matches(suite=suite, ids=ids) if tasks is None or m.plan.task in tasks]
    cases = [c for c in store.cases(suite=suite) if among is None or c.id in among]
    cases = [c for c in cases if tasks is None or c.task in tasks]
    seals = [s for s in store.seals(suite=suite) if tasks is None or s.task in tasks]
    tunings = [t for t in store.tunings(suite=suite) if tasks is None or t.task in tasks]
    # Matches of an earlier version of a contender's code stay in the report, but no verdict rests on them, unless there
    # are no later ones: then it says so.
    met = {(m.plan.task, m.plan.contender) for m in matches}
    codes = {task: registry.fingerprints(task, [n for t, n in met if t == task]) for task in {t for t, _ in met}}
    current = [m for m in matches if codes[m.plan.task].get(m.plan.contender, m.plan.fingerprint) == m.plan.fingerprint]
    fought = {(m.plan.task, m.plan.contender) for m in current}
    earlier = [m for m in matches if (m.plan.task, m.plan.contender) not in fought]
    judged = [*current, *earlier]
    verdicts = judge(judged, cases, tunings, seals, suite=suite, verified=_sealed_cases(seals))
    changed = {t: len({m.plan.contender for m in earlier if m.plan.task == t}) for t in {v.task for v in verdicts}}
    verdicts = [_dated(v, changed[v.task]) for v in verdicts]
    return Results(
        suite=suite,
        verdicts=tuple(verdicts),
        matches=tuple(matches),
        cases=tuple(cases),
        seals=tuple(seals),
        tunings=tuple(tunings),
        fingerprint=content_id(store.fingerprint(suite), sorted(m.id for m in judged), sys.version_info[:2]),
        new=new,
        sights=store.sights(suite),
    )


def _dated(verdict: Verdict, changed: int) -> Verdict:
    """The verdict, which says how many contenders have another code by now than the one that fought."""
    if not changed:
        return verdict
    who = "1 contender has" if changed == 1 else f"{changed} contenders have"
    caveat = f"{who} another code by now: these are the results of the code that fought."
    return replace(verdict, caveats=(*verdict.caveats, caveat))


def _sealed_cases(seals: Sequence[SealRecord]) -> dict[str, str]:
    """Case id to commitment for the cases of fresh draws whose commitment holds."""
    known = registry.tasks()
    return {
        spec.id: s.commitment
        for s in seals
        if s.drawn == "fresh" and s.secret and s.task in known and seal.holds(s, known[s.task])
        for spec in known[s.task].specs(s.suite, s.secret)
        if spec.split == "scored"
    }
