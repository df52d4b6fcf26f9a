"""An audit from end to end: look, search, test, spike, and say what silence is worth."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from fairfight.audits import trials
from fairfight.audits.evidence.reproducer import ABOUT, save
from fairfight.audits.kept import profile_read, tested_plain, tested_read, trial_read
from fairfight.audits.ledger import Ledger
from fairfight.audits.material import split
from fairfight.audits.profile import data_hash, model_hash, profile
from fairfight.audits.records import Rate, Report, Tested, Trial
from fairfight.audits.searches.registry import searches
from fairfight.audits.showing import shown
from fairfight.audits.spikes.planting import course
from fairfight.audits.spikes.registry import spike_kinds
from fairfight.content import code_id, content_id
from fairfight.errors import UserError
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Kind, Subject
from fairfight.tasks import registry
from fairfight.version import __version__

BUDGET = 600.0
"""Seconds that an audit may take, unless told."""
REPETITIONS = 4
"""Spikes of every kind and strength, where there is time for them."""
LESSONS = 0.03
"""Share of the budget that training one copy may take."""
FINDINGS = "findings"
"""Where a finding's files lie."""
RESERVE = 0.06
"""Share of the budget that is left for what comes after the last trial."""


@dataclass(frozen=True)
class Now:
    """How far an audit is."""

    doing: str
    done: int
    of: int
    seconds: float
    left: float | None
    """Seconds until it ends, once that can be told."""


def audit(
    subject: Subject,
    clean: Labelled,
    *,
    out: str | Path | None = None,
    budget: float = BUDGET,
    spikes: int = REPETITIONS,
    workers: int | None = None,
    seed: int = 0,
    notes: tuple[str, ...] = (),
    watch: Callable[[Now], None] | None = None,
) -> Report:
    """Search a model for faults, report those that hold up on data that no search saw, and measure what was missed.

    Args:
        subject: An image classifier, a text classifier or a causal language model; it stays as it was.
        clean: Ordinary inputs with what should be decided on them (for a language model the token that comes next): 60
            at least, better a thousand.
        out: Folder for findings and for what is needed to go on after a stop; without one nothing is kept.
        budget: Seconds; copies of the model are made until they are used up.
        spikes: Copies for every known fault and strength at most.
        workers: Processes that make copies; one a core by default.
        seed: Of whatever is drawn.
        notes: What a reader must know of the data, such as rows that were left out.
        watch: Called whenever something has been done.

    Raises:
        UserError: The data are too few or do not fit the model, or the folder cannot be written.
    """
    if budget <= 0 or spikes < 0:
        raise UserError("An audit needs a budget of more than 0 seconds, and 0 spikes or more.")
    if out is None:
        with tempfile.TemporaryDirectory(prefix="fairfight-audit-") as folder:
            return _audit(subject, clean, Path(folder), budget, spikes, workers, seed, notes, watch)
    return _audit(subject, clean, Path(out), budget, spikes, workers, seed, notes, watch)


def _audit(
    subject: Subject,
    clean: Labelled,
    out: Path,
    budget: float,
    spikes: int,
    workers: int | None,
    seed: int,
    notes: tuple[str, ...],
    watch: Callable[[Now], None] | None,
) -> Report:
    began = time.perf_counter()
    crew = workers or max(1, os.cpu_count() or 1)

    def tell(doing: str, done: int = 0, of: int = 0, left: float | None = None) -> None:
        if watch is not None:
            watch(Now(doing, done, of, time.perf_counter() - began, left))

    tell("looking at the model")
    material = split(subject, clean, seed)
    ledger = Ledger(out, content_id(model_hash(subject), data_hash(clean), seed, _code(subject.kind)))
    about = profile_read(ledger.step("profile", lambda: asdict(profile(subject, clean, seed))))
    tell("searching")
    every = searches(subject.kind)

    def search() -> dict[str, Any]:
        since = time.perf_counter()
        found, rest = trials.look_together(material, every, seed, crew)
        return {
            "findings": [tested_plain(t) for t in found],
            "dismissed": [tested_plain(t) for t in rest],
            "seconds": time.perf_counter() - since,
        }

    result = ledger.step("search", search)
    findings = [shown(material, tested_read(t)) for t in result["findings"]]
    dismissed = [tested_read(t) for t in result["dismissed"]]
    _keep(out / FINDINGS, findings)

    todo = trials.plans(material, spikes)
    done: dict[str, Trial] = {}
    for plan in todo:
        if (before := ledger.find(plan.name)) is not None:
            done[plan.name] = trial_read(before)
    left = [p for p in todo if p.name not in done]
    # Training a copy takes about as long as searching it.
    usual = 2.0 * result["seconds"]
    most = budget * (1 - RESERVE)
    estimate = min(most, time.perf_counter() - began + usual * len(left) / crew)
    tell("planting known faults", len(done), len(todo), estimate)

    def enough(each: float) -> bool:
        return time.perf_counter() - began + each > most

    how = course(subject, about.milliseconds, budget * LESSONS)
    known = frozenset(trials.key(t) for t in findings)
    for plan, trial in trials.run(material, left, known, how, seed, workers=crew, enough=enough):
        ledger.keep(plan.name, asdict(trial))
        done[plan.name] = trial
        spent = time.perf_counter() - began
        rate = spent / max(1, len(done) - (len(todo) - len(left)))
        tell("planting known faults", len(done), len(todo), min(most - spent, rate * (len(todo) - len(done))))
    made = [done[p.name] for p in todo if p.name in done]
    unspiked = [t for t in made if t.spike is None]
    report = Report(
        profile=about,
        findings=tuple(findings),
        dismissed=tuple(dismissed),
        powers=trials.powers(spike_kinds(subject.kind), made),
        alarms=Rate(sum(t.alarms > 0 for t in unspiked), len(unspiked)),
        searched=tuple((s.name, s.title) for s in every),
        notes=notes,
        seconds=time.perf_counter() - began,
        estimate=estimate,
        seed=seed,
        versions={"fairfight": __version__, "torch": str(torch.__version__), "python": platform.python_version()},
    )
    tell("done", len(done), len(todo), 0.0)
    return report


def _keep(folder: Path, findings: Sequence[Tested]) -> None:
    """The findings' files, and none of an earlier audit's."""
    names = {t.name for t in findings}
    for old in folder.glob("F*/" + ABOUT):
        if old.parent.name not in names and not old.parent.is_symlink():
            shutil.rmtree(old.parent)
    for t in findings:
        save(t.suspicion.reproducer, folder / t.name)


def _code(kind: Kind) -> str:
    """Identity of the code that decides what an audit of such a model finds."""
    named = [s.look.__module__ for s in searches(kind)] + [s.draw.__module__ for s in spike_kinds(kind)]
    return content_id(
        code_id("fairfight.audits.trials", *named, rooms=("audits", "faults", "parts", "subject")),
        sorted(registry.fingerprints("discover").items()),
    )
