"""Which arm is "the best": chosen by what was seen before the scored cases, never by a score that it then claims.

Two traps, both in published comparisons. Breaking ties in the selection score by the final score smuggles the final
score into the choice: tied arms are averaged here. And the best of many arms *by the scored cases* looks better than it
is: where development scores exist they choose, and where none do, intervals and p-values hold for all pairs at once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.arena.budgets import plain
from fairfight.arena.records import TuningRecord
from fairfight.errors import UserError
from fairfight.verdict.columns import Ring
from fairfight.verdict.records import Choice
from fairfight.verdict.stats.bootstrap import case_means

Floats = NDArray[np.float64]


def best_in_cell(
    cells: NDArray[np.generic], selected_by: Floats, scored: Floats, eligible: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.generic], Floats]:
    """In each cell, what the arm with the best selection score then scored, averaged over tied arms.

    Args:
        cells: ``[n]`` labels; the arms of one cell compete.
        selected_by: ``[n]`` what the choice may look at.
        scored: ``[n]`` what is reported.
        eligible: ``[n]`` arms that take part; all by default.

    Returns:
        The cells that have an eligible arm, sorted, and one value for each.
    """
    if eligible is not None:
        cells, selected_by, scored = cells[eligible], selected_by[eligible], scored[eligible]
    names, member = np.unique(cells, return_inverse=True)
    top = np.full(len(names), -np.inf)
    np.maximum.at(top, member, selected_by)
    tied = selected_by == top[member]
    sums = np.bincount(member, np.where(tied, scored, 0.0), minlength=len(names))
    return names, sums / np.bincount(member, tied, minlength=len(names))


def development_scores(tunings: Sequence[TuningRecord], ring: Ring) -> dict[str, float]:
    """Contender to its best trial's score on development cases, from the tuning that its matches were fought with.

    Where a contender was tuned several times, the records with the parameters of its matches count, else the last one.
    Contenders tuned apart for each modality get the mean of these, weighted by the ring's cases of each; one that lacks
    a modality which another has is left out.
    """
    weight = Counter(ring.records[c].modality for c in ring.cases if c in ring.records)
    twice = {(t.contender, t.modality) for t in tunings if t.budget == ring.budget}
    used: dict[tuple[str, str], list[float]] = {}
    last: dict[tuple[str, str], list[float]] = {}
    for record in tunings:
        row = ring.row(record.contender)
        scores = [s for t in record.trials if (s := _score(t)) is not None]
        if (record.task, record.suite) != (ring.task, ring.suite) or row is None or not scores:
            continue
        modality = record.modality
        if record.budget != ring.budget and (
            (record.contender, modality) in twice or record.budget != plain(ring.budget)
        ):
            continue
        if modality and weight and modality not in weight:
            continue
        key = (record.contender, modality)
        last[key] = [max(scores)]
        if any(m.plan.params.items() >= record.params.items() for m in ring.matches[row]):
            used.setdefault(key, []).append(max(scores))
    parts = last | used
    modalities = sorted({modality for _, modality in parts})
    found: dict[str, float] = {}
    for name in sorted({name for name, _ in parts}):
        if all((name, m) in parts for m in modalities):
            weights = [weight.get(m, 1) for m in modalities]
            found[name] = float(np.average([np.mean(parts[name, m]) for m in modalities], weights=weights))
    return found


def _score(trial: dict[str, Any]) -> float | None:
    score = trial.get("score")
    good = trial.get("status", "ok") == "ok" and isinstance(score, int | float) and math.isfinite(score)
    return float(score) if good and score is not None else None


@dataclass(frozen=True)
class Pick:
    """The best tool and the best baseline, and how they were chosen."""

    tool: int
    baseline: int
    """Rows of the ring."""
    choice: Choice
    caveats: tuple[str, ...]


def pick(ring: Ring, tunings: Sequence[TuningRecord] | None, declared: tuple[str, str] | None) -> Pick | None:
    """Choose the primary contrast; None without a tool or without a baseline.

    In this order: the pair that was declared beforehand, as are the only tool and the only baseline of a field; the
    best tool and the best baseline on development cases, if every tool and every baseline has been there (else the
    strongest baseline might be missing from the choice); the best of each on the scored cases, to be reported with
    simultaneous intervals. Who competes in one modality only, where there are cases in two, is never asked for.

    Raises:
        UserError: A declared contender has no match here.
    """
    tools, baselines = (ring.everywhere(ring.of_kind(kind)) for kind in ("tool", "baseline"))
    if declared is not None:
        return Pick(_declared(ring, declared[0]), _declared(ring, declared[1]), "declared", ())
    if not tools or not baselines:
        return None
    if len(tools) == len(baselines) == 1:
        return Pick(tools[0], baselines[0], "declared", ())
    dev = development_scores(tunings or (), ring)
    lacking = [ring.contenders[i] for i in [*tools, *baselines] if ring.contenders[i] not in dev]
    if not lacking:
        caveats: list[str] = []
        best = [
            _best_on_development(ring, dev, rows, label, caveats)
            for rows, label in ((tools, "tools"), (baselines, "baselines"))
        ]
        return Pick(best[0], best[1], "development", tuple(caveats))
    means = np.nan_to_num(_means(ring), nan=-np.inf)
    tool, baseline = max(tools, key=lambda i: means[i]), max(baselines, key=lambda i: means[i])
    why = "no tuning scores were given" if not dev else f"no development score for {', '.join(lacking)}"
    caveat = (
        f"Best tool and best baseline were chosen on the scored cases themselves ({why}): "
        "intervals and p-values are widened to hold for every tool against every baseline at once."
    )
    return Pick(tool, baseline, "scored", (caveat,))


def _declared(ring: Ring, name: str) -> int:
    row = ring.row(name)
    if row is None:
        raise UserError(f"The declared contender {name!r} has no match in {ring.task} ({ring.suite}): run it first.")
    return row


def _means(ring: Ring) -> Floats:
    means = case_means(ring.scores)
    count = (~np.isnan(means)).sum(-1)
    return np.where(count > 0, np.nansum(means, axis=-1) / np.maximum(count, 1), np.nan)


def _best_on_development(ring: Ring, dev: dict[str, float], rows: list[int], label: str, caveats: list[str]) -> int:
    top = max(dev[ring.contenders[i]] for i in rows)
    tied = [i for i in rows if dev[ring.contenders[i]] == top]
    if len(tied) > 1:
        names = ", ".join(ring.contenders[i] for i in tied)
        caveats.append(f"On development cases these {label} tie, and the first by name stands for them: {names}.")
    return tied[0]
