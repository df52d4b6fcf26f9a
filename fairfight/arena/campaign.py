"""A campaign: all that one ``fairfight run`` asks for, tuned, fought and stored, as far as it is not there yet."""

from __future__ import annotations

import os
import platform
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

from fairfight.arena import seal as seals
from fairfight.arena.engine import LocalEngine, modules_of
from fairfight.arena.grid import Terms, entrants, field_of, plans_of, shared_out, suite_of, tasks_of, terms
from fairfight.arena.lane import Lane
from fairfight.arena.progress import Board, Watch
from fairfight.arena.records import CaseRecord, Cost, MatchPlan, TuningRecord
from fairfight.arena.referee import Opened
from fairfight.arena.sitting import Limits
from fairfight.arena.store import Store
from fairfight.arena.store.rows import RunRecord
from fairfight.content import content_id
from fairfight.errors import UserError
from fairfight.seeds import derive
from fairfight.tasks import registry
from fairfight.tasks.registry import Contender
from fairfight.tasks.task import CaseSpec, Task
from fairfight.version import __version__

_DEV_SEED = 0
_MISSING = "missing"
_PASSING = (_MISSING, "could not be built")
"""How the reasons begin for which a case may be void today and not tomorrow."""


@dataclass(frozen=True)
class Request:
    """What a user asks for."""

    suite: str = "tour"
    tasks: Sequence[str] | None = None
    contenders: Sequence[str] | None = None
    seeds: int | None = None
    budget: str | None = None
    trials: int | None = None
    workers: int | None = None
    fresh: bool = False
    """Draw the scored cases anew under a seal, instead of the public draw."""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Campaign:
    """What was asked for and is now in the store."""

    suite: str
    tasks: tuple[str, ...]
    matches: tuple[str, ...]
    """Ids of all matches of the request, those of void cases left out."""
    cases: tuple[str, ...]
    new: int
    """Matches fought now; the others were there."""


@dataclass(frozen=True)
class _Entry:
    """One task of a campaign."""

    task: Task
    specs: tuple[CaseSpec, ...]
    contenders: tuple[Contender, ...]
    terms: Terms
    missing: Mapping[str, str]
    """Scored cases whose model or data is not here: id to what would bring it."""

    def part(self, split: str, modality: str | None = None) -> list[CaseSpec]:
        """The cases of a split that can be fought here."""
        return [
            s for s in self.specs if s.split == split and modality in (None, s.modality) and s.id not in self.missing
        ]

    @property
    def modalities(self) -> list[str]:
        return sorted({s.modality for s in self.part("scored")})


@dataclass(frozen=True)
class _Bout:
    """A case at one match seed, with the matches that are not stored yet."""

    spec: CaseSpec
    seed: int
    plans: tuple[MatchPlan, ...]


@dataclass(frozen=True)
class _Practice:
    """One contender's tuning on the development cases of one modality."""

    who: Contender
    budget: str
    modality: str
    cases: tuple[CaseSpec, ...]
    terms: Terms
    key: str

    @property
    def seed(self) -> int:
        """Of the search. Code is not in it, so that a change of a comment draws no other settings."""
        return derive("tuning", self.who.task, self.who.name, self.budget, sorted(s.id for s in self.cases))


def run(request: Request, store: Store, watch: Watch | None = None) -> Campaign:
    """Fight every match of the request that the store lacks.

    Args:
        request: What is asked for.
        store: Where matches are looked up and, as soon as each ends, stored.
        watch: Told of every change, for live progress.

    Raises:
        UserError: Something that the user must change.
    """
    suite = suite_of(request.suite)
    workers = request.workers if request.workers is not None else len(os.sched_getaffinity(0))
    if workers < 1:
        raise UserError(f"--workers must be at least 1, not {workers}.")
    entries, hidden = _enter(request, suite, store)
    if not entries:
        wanted = ", ".join(request.tasks or ["any task"])
        raise UserError(f"Suite {suite!r} has no cases for {wanted}: try --suite quick.")
    if not any(e.part("scored") for e in entries):
        lacks = " ".join(sorted({lack for e in entries for lack in e.missing.values()}))
        raise UserError(f"Nothing that suite {suite!r} needs is here. {lacks}")
    record = _begin(request, store)
    engine = _LazyEngine(workers, entries, request.limits)
    board = Board(watch, workers)
    try:
        tuned = _tune_all(entries, store, engine, board)
        campaign = _fight_all(suite, entries, tuned, store, engine, board)
    finally:
        engine.close()
    for commit, secret in hidden.items():
        store.reveal_seal(commit, secret, seals.now())
        seals.forget(commit)
    store.put_run(replace(record, ended=seals.now()))
    return campaign


def _enter(request: Request, suite: str, store: Store) -> tuple[list[_Entry], dict[str, str]]:
    """The tasks with their cases and contenders; cases are committed before anything is fought."""
    entries, hidden = [], {}
    tasks = tasks_of(request.tasks, suite)
    asked = shared_out(request.contenders, tasks)
    for task in (t for t in tasks if t.name in asked):
        contenders = field_of(task, asked[task.name], suite)
        secret = _secret(request, task, suite, store)
        specs = task.specs(suite, secret)
        if not any(s.split == "scored" for s in specs):
            continue
        missing = {s.id: lack for s in specs if (lack := task.missing(s)) is not None}
        own = terms(suite, task, seeds=request.seeds, trials=request.trials, budget=request.budget)
        entries.append(_Entry(task, tuple(specs), tuple(contenders), own, missing))
        record = seals.seal(task, suite, secret, contenders)
        if record.drawn == "fresh":
            seals.hide(record.commitment, secret)
            hidden[record.commitment] = secret
        store.put_seal(record)
    return entries, hidden


def _secret(request: Request, task: Task, suite: str, store: Store) -> str:
    if not request.fresh:
        return seals.PUBLIC_SECRET
    for record in store.seals(task=task.name, suite=suite):  # a killed run goes on with its own draw
        if record.drawn == "fresh" and record.revealed is None and (kept := seals.hidden(record.commitment)):
            return kept
    return seals.draw_secret()


def _begin(request: Request, store: Store) -> RunRecord:
    options = {k: v for k, v in vars(request).items() if k != "limits" and v not in (None, False)}
    versions = {"python": platform.python_version(), "torch": version("torch"), "fairfight": __version__}
    record = RunRecord(secrets.token_hex(8), options, versions, os.cpu_count() or 1, seals.now())
    store.put_run(record)
    return record


class _LazyEngine:
    """Starts the worker processes when the first job needs them: a run with nothing to do never imports torch."""

    def __init__(self, workers: int, entries: Sequence[_Entry], limits: Limits) -> None:
        self.workers = workers
        self._entries = entries
        self._limits = limits
        self._engine: LocalEngine | None = None

    def get(self) -> LocalEngine:
        if self._engine is None:
            engine = LocalEngine(
                self.workers,
                tasks=[e.task.name for e in self._entries],
                modalities=sorted({m for e in self._entries for m in e.modalities}),
                modules=modules_of([c for e in self._entries for c in e.contenders]),
                limits=self._limits,
            )
            self._engine = engine.__enter__()
        return self._engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.__exit__(None, None, None)


def _tune_all(
    entries: Sequence[_Entry], store: Store, engine: _LazyEngine, board: Board
) -> dict[tuple[str, str, str, str], Mapping[str, Any]]:
    """Parameters by task, contender, budget and modality, from the store or tuned now.

    Who has nothing to tune is tried once: its development score is what a verdict may choose contenders by.
    """
    tuned: dict[tuple[str, str, str, str], Mapping[str, Any]] = {}
    todo: list[_Practice] = []
    for e in entries:
        for modality in e.modalities if e.terms.trials > 1 else ():
            dev = e.part("dev", modality)
            for who, budget in entrants(dev[0], e.contenders, e.terms) if dev else ():
                if who.kind in ("random", "oracle"):
                    continue
                ids = sorted(s.id for s in dev)
                key = content_id(e.task.name, who.name, who.fingerprint, ids, budget, e.terms.trials)
                if (known := store.tuning(key)) is not None:
                    tuned[e.task.name, who.name, budget, modality] = known.params
                else:
                    todo.append(_Practice(who, budget, modality, tuple(dev), e.terms, key))
    if not todo:
        return tuned
    lock = threading.Lock()
    cases = list({c.id: c for p in todo for c in p.cases}.values())
    board.expect(building=len(cases), matches=sum(_trials(p) * len(p.cases) for p in todo))

    def prepare(lane: Lane, spec: CaseSpec) -> None:
        with board.doing(lane, f"building {spec.name} (for tuning)"):
            _usable(lane, spec)
        board.built()

    def practise(lane: Lane, job: _Practice) -> None:
        with board.doing(lane, f"tuning {job.who.name} ({job.modality})"):
            record = _practise(lane, job, board)
        with lock:
            store.put_tuning(record)
            tuned[record.task, record.contender, job.budget, job.modality] = record.params

    engine.get().each(cases, prepare, _family)
    engine.get().each(todo, practise, lambda job: job.modality)
    return tuned


def _usable(lane: Lane, spec: CaseSpec) -> bool:
    return lane.open(spec, _DEV_SEED).void is None


def _practise(lane: Lane, job: _Practice, board: Board) -> TuningRecord:
    """Each trial is scored by its mean over the development cases."""
    from fairfight.arena.tuning import Search

    worst = registry.task(job.who.task).metrics[0].low
    search = Search(job.who, job.terms.trials, job.seed, floor=worst)
    cases = [spec for spec in job.cases if _usable(lane, spec)]
    costs: list[Cost] = []

    def scores_of(params: dict[str, Any]) -> list[float] | str:
        scores = []
        for spec in cases:
            who = (job.who, job.budget)
            (plan,) = plans_of(spec, _DEV_SEED, [who], job.terms, {(job.who.name, job.budget): params})
            record = lane.fight(plan, job.who)
            costs.append(record.cost)
            if record.status != "ok":
                return f"{record.status}: {record.reason}"
            scores.append(record.score)
        return scores

    while not search.done:
        params = search.ask()
        search.tell(params, scores_of(params))
        board.fought(len(job.cases))
    chosen = search.result()
    return TuningRecord(
        key=job.key,
        task=job.who.task,
        suite=job.cases[0].suite,
        contender=job.who.name,
        params=chosen.params,
        trials=[t.plain() for t in chosen.trials],
        cost=Cost.total(costs),
        modality=job.modality,
        budget=job.budget,
    )


def _trials(job: _Practice) -> int:
    return job.terms.trials if job.who.space else 1


def _fight_all(
    suite: str,
    entries: Sequence[_Entry],
    tuned: Mapping[tuple[str, str, str, str], Mapping[str, Any]],
    store: Store,
    engine: _LazyEngine,
    board: Board,
) -> Campaign:
    stored = store.cases(suite=suite)
    void = {c.id for c in stored if c.void and not c.void.startswith(_PASSING)}
    built = {c.id for c in stored}
    for e in entries:
        for spec in e.specs:
            if spec.split == "scored" and spec.id in e.missing:
                store.put_case(_case_record(spec, Opened(void=f"{_MISSING}: {e.missing[spec.id]}")))
    field = {(e.task.name, c.name): c for e in entries for c in e.contenders}
    everything: dict[str, MatchPlan] = {}
    bouts: list[tuple[CaseSpec, int, list[MatchPlan]]] = []
    for e in entries:
        for spec in e.part("scored"):
            who = entrants(spec, e.contenders, e.terms)
            chosen = {(c.name, b): tuned.get((e.task.name, c.name, b, spec.modality), {}) for c, b in who}
            for seed in range(e.terms.seeds):
                plans = plans_of(spec, seed, who, e.terms, chosen)
                bouts.append((spec, seed, plans))
                everything.update({p.id: p for p in plans if p.case_id not in void})
    known = store.known(everything)
    store.enter(everything[i] for i in known)
    todo = [
        _Bout(spec, seed, tuple(p for p in plans if p.id not in known))
        for spec, seed, plans in bouts
        if spec.id not in void and (spec.id not in built or any(p.id not in known for p in plans))
    ]
    board.expect(building=len({b.spec.id for b in todo}), matches=sum(len(b.plans) for b in todo))
    lock = threading.Lock()
    seen: set[str] = set()

    def fight(lane: Lane, bout: _Bout) -> None:
        spec = bout.spec
        with board.doing(lane, f"building {spec.name}"):
            opened = lane.open(spec, bout.seed)
        with lock:
            first = spec.id not in seen
            seen.add(spec.id)
            if first:
                store.put_case(_case_record(spec, opened))
                board.built()
        if opened.void is not None:
            board.fought(len(bout.plans))
            lane.close(spec, bout.seed)
            return
        _remember_floor(lane, bout, store, everything, known)
        for plan in bout.plans:
            with board.doing(lane, f"{plan.contender} on {spec.name}, seed {plan.seed}"):
                record = lane.fight(plan, field[plan.task, plan.contender])
            with lock:
                store.put_match(record)
            board.fought(1)
        lane.close(spec, bout.seed)

    if todo:
        engine.get().each(todo, fight, lambda bout: _family(bout.spec))
    voided = {c.id for c in store.cases(suite=suite) if c.void}
    return Campaign(
        suite=suite,
        tasks=tuple(e.task.name for e in entries),
        matches=tuple(i for i, p in everything.items() if p.case_id not in voided),
        cases=tuple(s.id for e in entries for s in e.specs if s.split == "scored"),
        new=sum(len(b.plans) for b in todo if b.spec.id not in voided),
    )


def _remember_floor(
    lane: Lane, bout: _Bout, store: Store, everything: Mapping[str, MatchPlan], known: set[str]
) -> None:
    """A resumed bout may find its floor in the store."""
    here = [
        p.id
        for p in everything.values()
        if p.kind == "random" and p.case_id == bout.spec.id and p.seed == bout.seed and p.id in known
    ]
    for record in store.matches(ids=here) if here else ():
        if record.status == "ok":
            lane.floor(bout.spec, bout.seed, record.score)


def _family(spec: CaseSpec) -> str:
    """Cases that share a base network, as far as a recipe shows it without being understood."""
    return content_id({k: v for k, v in spec.recipe.items() if k in ("world", "architecture", "seed")})


def _case_record(spec: CaseSpec, opened: Opened) -> CaseRecord:
    return CaseRecord(
        id=spec.id,
        task=spec.task,
        suite=spec.suite,
        name=spec.name,
        split=spec.split,
        modality=spec.modality,
        recipe=spec.recipe,
        void=opened.void,
        exhibit=opened.exhibit,
        build_seconds=round(opened.seconds, 3),
    )
