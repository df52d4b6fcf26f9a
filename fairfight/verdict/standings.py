"""Each contender's own figures, best first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

from fairfight.arena.budgets import share
from fairfight.arena.records import MatchRecord
from fairfight.verdict.columns import Ring
from fairfight.verdict.records import Standing
from fairfight.verdict.scale import normalised
from fairfight.verdict.stats.bootstrap import Intervals, hierarchical_interval


def standings(
    ring: Ring, tiers: Mapping[str, tuple[int, str]], *, draws: int = 10_000, seed: int = 0
) -> tuple[Standing, ...]:
    """One standing for each contender.

    Args:
        ring: Restricted to its valid cases.
        tiers: Contender to its tier and reason, for tools and combinations.
        draws: Of the bootstrap.
        seed: Of the bootstrap.
    """
    own = hierarchical_interval(ring.scores, draws=draws, seed=seed)
    floors, ceilings = ring.of_kind("random"), ring.of_kind("oracle")
    scaled: Intervals | None = None
    if floors and ceilings:
        scaled = normalised(ring.scores, ring.scores[floors[0]], ring.scores[ceilings[0]], draws=draws, seed=seed)
    floor_metrics = _metrics(ring.matches[floors[0]], {}) if floors else {}
    found = []
    for i, name in enumerate(ring.contenders):
        fought = ring.matches[i]
        statuses: dict[str, int] = dict(sorted(Counter(m.status for m in fought).items()))
        tier, reason = tiers.get(name, (0, "Tiers are for tools and combinations."))
        found.append(
            Standing(
                contender=name,
                kind=ring.kinds[i],
                score=float(own.estimate[i]),
                low=float(own.low[i]),
                high=float(own.high[i]),
                normalised=_known(scaled.estimate[i]) if scaled else None,
                normalised_low=_known(scaled.low[i]) if scaled else None,
                normalised_high=_known(scaled.high[i]) if scaled else None,
                failures=sum(statuses.get(s, 0) for s in ("failed", "timeout", "memory")),
                over_budget=statuses.get("over-budget", 0),
                flops=_mean([m.cost.flops - (1 - share(ring.budget)) * m.cost.reusable_flops for m in fought]),
                cpu_seconds=_mean([m.cost.cpu_seconds for m in fought]),
                tier=tier,
                tier_reason=reason,
                cases=len({m.plan.case_id for m in fought}),
                matches=len(fought),
                trials=max((m.plan.trials for m in fought), default=0),
                statuses=statuses,
                metrics=_metrics(fought, floor_metrics),
            )
        )
    return tuple(sorted(found, key=lambda s: (-s.score if s.score == s.score else np.inf, s.contender)))


def _metrics(fought: tuple[MatchRecord, ...], floor: Mapping[str, float]) -> dict[str, float]:
    """Mean of each metric over the cases that have it; a match that did not end well counts with random's mean."""
    names = {name for m in fought for name in m.metrics} | floor.keys()
    by_case: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for m in fought:
        for name in names:
            value = m.metrics.get(name) if m.status == "ok" else m.metrics.get(name, floor.get(name))
            if value is not None:
                by_case[name][m.plan.case_id].append(value)
    return {n: _mean([sum(v) / len(v) for v in by_case[n].values()]) for n in sorted(by_case)}


def _mean(values: list[float] | list[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
