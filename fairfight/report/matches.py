"""Every match in few bytes: columns, with each repeated text written once, for the page's own table."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fairfight.report.escape import visible

if TYPE_CHECKING:
    from fairfight.arena.records import MatchRecord


class _Names:
    """Texts in order of first sight; a column holds their places."""

    def __init__(self) -> None:
        self.place: dict[Hashable, int] = {}

    def column(self, values: Iterable[Hashable]) -> list[int]:
        place = self.place
        return [place.setdefault(v, len(place)) for v in values]

    @property
    def texts(self) -> list[str]:
        return [visible(str(v)) for v in self.place]


def compact(matches: Sequence[MatchRecord]) -> dict[str, Any]:
    """Columns of all matches, as the page's script reads them.

    ``columns`` holds one list a column; those of texts hold places in ``names``. ``kinds`` gives each contender's kind,
    ``metrics`` one list a metric with none where it was not measured. Figures are rounded to six digits.
    """
    plans = [m.plan for m in matches]
    costs = [m.cost for m in matches]
    texts: dict[str, Iterable[Hashable]] = {
        "task": [p.task for p in plans],
        "suite": [p.suite for p in plans],
        "case": [p.case_name for p in plans],
        "contender": [p.contender for p in plans],
        "fingerprint": [p.fingerprint for p in plans],
        "budget": [p.budget for p in plans],
        "status": [m.status for m in matches],
        "reason": [m.reason for m in matches],
        "version": [m.version for m in matches],
        "started": [m.started[:19] for m in matches],
        "params": [_params(p.params) for p in plans],
    }
    names: dict[str, list[str]] = {}
    columns: dict[str, list[Any]] = {}
    for column, values in texts.items():
        seen = _Names()
        columns[column] = seen.column(values)
        names[column] = seen.texts
    kind = {p.contender: p.kind for p in plans}
    columns |= {
        "seed": [p.seed for p in plans],
        "trials": [p.trials for p in plans],
        "score": [_round(m.score) for m in matches],
        "flops": [c.flops for c in costs],
        "cpu": [_round(c.cpu_seconds) for c in costs],
        "wall": [_round(c.wall_seconds) for c in costs],
        "peak": [c.peak_bytes for c in costs],
        "labels": [c.labels for c in costs],
    }
    measured = dict.fromkeys(name for m in matches for name in m.metrics)
    metrics = {visible(name): [_round(m.metrics.get(name)) for m in matches] for name in measured}
    return {
        "n": len(matches),
        "ids": [m.id for m in matches],
        "names": names,
        "kinds": [kind[c] for c in dict.fromkeys(p.contender for p in plans)],
        "columns": columns,
        "metrics": metrics,
    }


def _params(params: dict[str, Any]) -> str:
    return json.dumps(params, ensure_ascii=False, default=str) if params else ""


def _round(x: float | None) -> float | None:
    # A difference with itself is zero for every number but NaN and the infinities.
    return None if x is None or x - x != 0 else round(x, 6)
