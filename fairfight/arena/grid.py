"""The grid: which matches a run consists of. Cheap, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fairfight.arena.budgets import read_budget, shared
from fairfight.arena.records import MatchPlan
from fairfight.errors import UserError, unknown
from fairfight.tasks import registry
from fairfight.tasks.registry import Contender
from fairfight.tasks.task import SUITES, CaseSpec, Task


@dataclass(frozen=True)
class Terms:
    """What is the same for every contender of a run."""

    seeds: int
    """Match seeds 0 … seeds - 1 on every case."""
    trials: int
    """Tuning trials for each contender and modality; 1 means its defaults."""
    budget: str = "default"
    shared: bool = True
    """Whether contenders with reusable work also fight with it at a tenth of its cost."""


_TERMS = {"tour": Terms(seeds=2, trials=1, shared=False), "standard": Terms(seeds=1, trials=4)}
_USUAL = Terms(seeds=3, trials=6)


def terms(
    suite: str,
    task: Task | None = None,
    *,
    seeds: int | None = None,
    trials: int | None = None,
    budget: str | None = None,
) -> Terms:
    """The suite's terms, the task's own where it has some, changed where the user asks for it.

    Raises:
        UserError: A number is not positive.
    """
    usual = _TERMS.get(suite, _USUAL)
    if task is not None and suite in task.terms:
        own = task.terms[suite]
        usual = replace(usual, seeds=own[0], trials=own[1], shared=own[2])
    for what, value in (("seeds", seeds), ("trials", trials)):
        if value is not None and value < 1:
            raise UserError(f"--{what} must be at least 1, not {value}.")
    return Terms(
        seeds=usual.seeds if seeds is None else seeds,
        trials=usual.trials if trials is None else trials,
        budget="default" if budget is None else str(read_budget(budget)),
        shared=usual.shared,
    )


def entrants(spec: CaseSpec, field: Sequence[Contender], terms: Terms) -> list[tuple[Contender, str]]:
    """Who fights on a case, and on which budgets: contenders with reusable work on two, the floor first."""
    able = [c for c in field if spec.modality in c.modalities]
    alone = [(c, terms.budget) for c in able]
    return alone + [(c, shared(terms.budget)) for c in able if c.reusable and terms.shared]


def suite_of(name: str) -> str:
    """The name of a suite, checked.

    Raises:
        UserError: No suite has that name.
    """
    if name not in SUITES:
        raise unknown("suite", name, SUITES)
    return name


def tasks_of(names: Sequence[str] | None, suite: str) -> list[Task]:
    """The tasks asked for, or every task that has cases in the suite.

    Raises:
        UserError: A name is unknown.
    """
    if names:
        return [registry.task(n) for n in dict.fromkeys(names)]
    return list(registry.tasks().values())


EVERYONE = "all"


def shared_out(names: Sequence[str] | None, tasks: Sequence[Task]) -> dict[str, list[str] | None]:
    """Which of the contenders asked for each task has; tasks that have none are left out.

    Raises:
        UserError: No task has a contender of a name.
    """
    if not names:
        return dict.fromkeys((t.name for t in tasks), None)
    found: dict[str, list[str] | None] = {}
    for name in names:
        refused: list[UserError] = []
        for task in tasks:
            try:
                if name != EVERYONE:
                    registry.contender(task.name, name)
                found[task.name] = [*(found.get(task.name) or []), name]
            except UserError as error:
                refused.append(error)
        if len(refused) == len(tasks):
            of_a_part = [e for e in refused if not str(e).startswith("Unknown contender")]
            everyone = [c.name for t in tasks for c in registry.contenders(t.name)]
            raise (of_a_part or [unknown("contender", name, everyone)])[0]
    return found


def field_of(task: Task, names: Sequence[str] | None, suite: str) -> list[Contender]:
    """The contenders asked for, ``all``, or those that fight in the suite unasked; floor and ceiling always fight.

    Raises:
        UserError: A name is unknown.
    """
    everyone = registry.contenders(task.name)
    if names and EVERYONE in names:
        return everyone
    if not names:
        return [c for c in everyone if suite in c.suites or c.kind in ("random", "oracle")]
    chosen = {n: registry.contender(task.name, n) for n in names}
    listed = {c.name for c in everyone}
    made = [c for c in chosen.values() if c.name not in listed]
    return [c for c in everyone if c.name in chosen or c.kind in ("random", "oracle")] + made


def plans_of(
    spec: CaseSpec,
    seed: int,
    field: Sequence[tuple[Contender, str]],
    terms: Terms,
    tuned: Mapping[tuple[str, str], Mapping[str, Any]],
) -> list[MatchPlan]:
    """One match for each contender and budget.

    Args:
        spec: The case.
        seed: The match seed.
        field: Who fights on which budget.
        terms: What is the same for everyone.
        tuned: Parameters by contender and budget, where tuning chose some.
    """
    return [
        MatchPlan(
            task=spec.task,
            suite=spec.suite,
            case_id=spec.id,
            case_name=spec.name,
            contender=c.name,
            kind=c.kind,
            fingerprint=c.fingerprint,
            params={**c.defaults, **tuned.get((c.name, budget), {})},
            seed=seed,
            budget=budget,
            trials=terms.trials if c.space and terms.trials > 1 else 0,
        )
        for c, budget in field
    ]
