"""Made-up fights with a known truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.arena.records import CaseRecord, Cost, MatchPlan, MatchRecord, TuningRecord

KINDS = {"random": "random", "oracle": "oracle", "sae-placebo": "placebo"}


def kind_of(name: str) -> Any:
    """Names say the kind: tool-…, combo-…, everything else that is no control is a baseline."""
    if name in KINDS:
        return KINDS[name]
    return "tool" if name.startswith("tool") else "combination" if name.startswith("combo") else "baseline"


def case(
    number: int, *, suite: str = "quick", void: str | None = None, recipe: dict[str, Any] | None = None
) -> CaseRecord:
    """Case number so-and-so; even ones are vision."""
    recipe = {"fault": "patch", "seed": number} if recipe is None else recipe
    return CaseRecord(
        id=f"{number:04d}", task="detect", suite=suite, name=f"case-{number}", split="scored",
        modality="language" if number % 2 else "vision", recipe=recipe, void=void,
    )  # fmt: skip


def match(contender: str, number: int, seed: int, score: float, **changes: Any) -> MatchRecord:
    """One match; ``changes`` go to the plan or the record, whichever has the field."""
    plan: dict[str, Any] = {
        "task": "detect", "suite": "quick", "case_id": f"{number:04d}", "case_name": f"case-{number}",
        "contender": contender, "kind": kind_of(contender), "fingerprint": "f0", "params": {}, "seed": seed,
        "budget": "default", "trials": 0,
    }  # fmt: skip
    record: dict[str, Any] = {
        "status": "ok", "score": score, "metrics": {"auroc": score}, "cost": Cost(flops=1000, cpu_seconds=0.5),
        "started": "2026-01-02T00:00:00+00:00",
    }  # fmt: skip
    for key, value in changes.items():
        (plan if key in plan else record)[key] = value
    return MatchRecord(plan=MatchPlan(**plan), **record)


def fight(
    means: Mapping[str, float], *, cases: int = 20, seeds: int = 3, case_sd: float = 0.02, seed_sd: float = 0.01,
    seed: int = 0, controls: bool = True, **changes: Any,
) -> tuple[list[MatchRecord], list[CaseRecord]]:  # fmt: skip
    """Everybody on every case: true mean, plus a contender's own effect of the case, plus noise of the seed."""
    rng = np.random.default_rng(seed)
    found = []
    full = {"random": 0.5, "oracle": 1.0, **means} if controls else dict(means)
    for name, mean in full.items():
        quiet = 0.0 if name == "oracle" else 1.0
        scores: NDArray[np.float64] = (
            mean + quiet * case_sd * rng.normal(size=(cases, 1)) + quiet * seed_sd * rng.normal(size=(cases, seeds))
        )
        found += [match(name, i, j, float(scores[i, j]), **changes) for i in range(cases) for j in range(seeds)]
    return found, [case(i) for i in range(cases)]


def tuned(contender: str, scores: Sequence[float], **changes: Any) -> TuningRecord:
    """What tuning saw on development cases."""
    trials = [{"params": {}, "score": s, "status": "ok"} for s in scores]
    fields: dict[str, Any] = {
        "key": f"{contender}-{len(scores)}", "task": "detect", "suite": "quick", "contender": contender, "params": {},
        "trials": trials, "cost": Cost(),
    }  # fmt: skip
    return TuningRecord(**{**fields, **changes})
