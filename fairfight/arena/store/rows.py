"""Records as rows and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement

from fairfight.arena.records import CaseRecord, Cost, MatchPlan, MatchRecord, SealRecord, TuningRecord
from fairfight.arena.store import schema


@dataclass(frozen=True)
class RunRecord:
    """One call of ``fairfight run``: how it was asked for and on what it ran."""

    id: str
    options: dict[str, Any]
    """The command line, or the arguments in Python."""
    versions: dict[str, str]
    """Of Python, torch and Fairfight."""
    cores: int
    started: str
    ended: str | None = None
    """None while it runs, and for ever where it was killed."""


def dumps(value: Any) -> str:
    """Compact JSON. Plain ASCII, so that no text a model wrote (NUL, lone surrogates) can upset a database."""
    return json.dumps(value, separators=(",", ":"))


def clean(text: str) -> str:
    """Text that every database takes: a contender's last words may hold NUL or lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def match_row(record: MatchRecord) -> dict[str, Any]:
    """Raises ValueError where the score is no number: it would poison every mean."""
    plan = record.plan
    if not math.isfinite(record.score):
        raise ValueError(f"the score of match {plan.id} is {record.score}; a failed match has the floor's score")
    return {
        "id": plan.id,
        "task": plan.task,
        "suite": plan.suite,
        "case_id": plan.case_id,
        "case_name": plan.case_name,
        "contender": plan.contender,
        "kind": plan.kind,
        "fingerprint": plan.fingerprint,
        "params": dumps(plan.params),
        "seed": plan.seed,
        "budget": plan.budget,
        "trials": plan.trials,
        "status": record.status,
        "score": record.score,
        "metrics": dumps(record.metrics),
        "cost": dumps(asdict(record.cost)),
        "reason": clean(record.reason),
        "started": record.started,
        "version": record.version,
    }


_m = schema.matches.c
MATCH_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _m.task, _m.case_id, _m.contender, _m.kind, _m.fingerprint, _m.params, _m.seed, _m.budget, _m.trials,
    _m.status, _m.score, _m.metrics, _m.cost, _m.reason, _m.started, _m.version,
)  # fmt: skip
"""What :func:`match_of` reads, after the suite and the case's name in it."""


_decode = json.JSONDecoder().raw_decode
"""``json.loads`` without its look for spaces, of which there are none: half of the time of reading a large store."""


def match_of(row: Sequence[Any]) -> MatchRecord:
    """A record from suite, case name and ``MATCH_COLUMNS``. By position: a store holds many."""
    (suite, case_name, task, case_id, contender, kind, fingerprint, params, seed, budget, trials,
     status, score, metrics, cost, reason, started, version) = row  # fmt: skip
    plan = MatchPlan(
        task, suite, case_id, case_name, contender, kind, fingerprint, _decode(params)[0], seed, budget, trials
    )
    return MatchRecord(plan, status, score, _decode(metrics)[0], Cost(**_decode(cost)[0]), reason, started, version)


def case_row(record: CaseRecord) -> dict[str, Any]:
    """The row of a case."""
    row = {column.name: getattr(record, column.name) for column in schema.cases.columns}
    row["recipe"] = dumps(record.recipe)
    row["exhibit"] = None if record.exhibit is None else dumps(record.exhibit)
    row["void"] = None if record.void is None else clean(record.void)
    return row


def case_of(row: Mapping[str, Any]) -> CaseRecord:
    """A case from its row."""
    exhibit = row["exhibit"]
    return CaseRecord(
        **{
            **row,
            "recipe": json.loads(row["recipe"]),
            "exhibit": None if exhibit is None else json.loads(exhibit),
        }
    )


def seal_row(record: SealRecord) -> dict[str, Any]:
    """The row of a seal."""
    return {**asdict(record), "contenders": dumps(record.contenders)}


def seal_of(row: Mapping[str, Any]) -> SealRecord:
    """A seal from its row."""
    return SealRecord(**{**row, "contenders": json.loads(row["contenders"])})


def tuning_row(record: TuningRecord) -> dict[str, Any]:
    """The row of a tuning."""
    row = {column.name: getattr(record, column.name) for column in schema.tunings.columns}
    return {**row, "params": dumps(record.params), "trials": dumps(record.trials), "cost": dumps(asdict(record.cost))}


def tuning_of(row: Mapping[str, Any]) -> TuningRecord:
    """A tuning from its row."""
    read = {name: json.loads(row[name]) for name in ("params", "trials", "cost")}
    return TuningRecord(**{**row, **read, "cost": Cost(**read["cost"])})


def run_row(record: RunRecord) -> dict[str, Any]:
    """The row of a run."""
    return {**asdict(record), "options": dumps(record.options), "versions": dumps(record.versions)}


def run_of(row: Mapping[str, Any]) -> RunRecord:
    """A run from its row."""
    return RunRecord(**{**row, "options": json.loads(row["options"]), "versions": json.loads(row["versions"])})
