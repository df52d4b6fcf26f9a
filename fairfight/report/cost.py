"""Score against cost as a Vega-Lite specification."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fairfight.report import numbers
from fairfight.report.charts import horizontal, kind_scales, specification, vega
from fairfight.report.escape import finite, line
from fairfight.report.kinds import look
from fairfight.report.labels import Box, place

if TYPE_CHECKING:
    from fairfight.verdict.records import Standing, Verdict

WIDTH, HEIGHT = 860, 340
"""Of the plot in pixels; narrower ones go without names (the table has them)."""


def frontier(standings: Iterable[Standing]) -> list[Standing]:
    """Who is not beaten by anyone cheaper: the best score to be had at each cost, cheapest first."""
    best: list[Standing] = []
    for s in sorted(standings, key=lambda s: (s.flops, -s.score)):
        if not best or s.score > best[-1].score:
            best.append(s)
    return best


def cost(verdict: Verdict, label: str) -> dict[str, Any]:
    """Score against floating-point operations a match, on a logarithmic scale, with the line of the best at each cost.

    Controls are the floor and the ceiling; a contender without counted operations has no place here.
    """
    alt = vega()
    known = [s for s in verdict.standings if finite(s.score) is not None]
    shown = [s for s in known if s.kind not in ("random", "oracle") and s.flops > 0]
    limits = [{"name": line(s.contender, 40), "score": s.score} for s in known if s.kind in ("random", "oracle")]
    best = {s.contender for s in frontier(shown)}
    data: list[dict[str, Any]] = [
        {"name": line(s.contender, 40), "kind": look(s.kind).label, "score": s.score, "low": finite(s.low),
         "high": finite(s.high), "flops": s.flops, "best": s.contender in best,
         "said": f"{numbers.score(s.score)} {numbers.interval(s.low, s.high)}", "spent": numbers.flops(s.flops)}
        for s in sorted(shown, key=lambda s: (s.contender not in best, -s.score))
    ]  # fmt: skip
    span = [r[k] for r in data for k in ("low", "high", "score")] + [r["score"] for r in limits]
    y = horizontal(alt, label, span)
    powers = [math.log10(s.flops) for s in shown] or [9.0, 10.0]
    ends = (10 ** (min(powers) - 0.15), 10 ** (max(powers) + 0.3))
    named = _named(data, limits, ends, y["scale"].domain)
    x = alt.X(
        "flops:Q",
        scale=alt.Scale(type="log", domain=list(ends), nice=False),
        axis=alt.Axis(
            title="floating-point operations a match (log scale)", format="~s", grid=True, values=ticks(*ends)
        ),
    )
    colour, shape = kind_scales(alt, [s.kind for s in shown])
    tooltip = [alt.Tooltip("name:N", title="contender"), alt.Tooltip("kind:N"), alt.Tooltip("said:N", title="score"),
               alt.Tooltip("spent:N", title="cost a match")]  # fmt: skip
    points = alt.Chart(alt.Data(values=data)).encode(x=x, color=colour, tooltip=tooltip)
    edge = alt.Chart(alt.Data(values=[r for r in data if r["best"]])).encode(x=x, y=alt.Y("score:Q", **y))
    walls = alt.Chart(alt.Data(values=limits)).encode(y=alt.Y("score:Q", **y))
    names = alt.Chart(alt.Data(values=named)).encode(x=x, y=alt.Y("score:Q", **y), text="name:N")
    by_datum = {key: alt.ExprRef(f"datum.{key}") for key in ("align", "baseline", "dx", "dy")}
    chart = alt.layer(
        walls.mark_rule(color="var(--control)", strokeDash=[4, 3], strokeWidth=1.5),
        walls.mark_text(color="var(--soft)", align="left", baseline="bottom", dx=4, dy=-3, fontSize=12).encode(
            x=alt.value(0), text="name:N"
        ),
        edge.mark_line(interpolate="step-after", color="var(--control)", opacity=0.5, strokeWidth=1.5),
        points.mark_rule(strokeWidth=2, opacity=0.35).encode(y=alt.Y("low:Q", **y), y2="high:Q"),
        points.mark_point(filled=True, size=80, opacity=1).encode(y=alt.Y("score:Q", **y), shape=shape),
        names.mark_text(
            color="var(--ink)", fontSize=12, opacity=alt.ExprRef(f"width < {0.8 * WIDTH} ? 0 : 1"), **by_datum
        ),
    )
    return specification(chart, HEIGHT)


def ticks(low: float, high: float) -> list[float]:
    """Round values on a logarithmic axis: powers of ten, and 2 and 5 times them where there are few."""
    steps = (1, 2, 5) if math.log10(high / low) < 3 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [float(m * 10**p) for p in powers for m in steps if low <= m * 10**p <= high]


def _named(
    data: Sequence[dict[str, Any]],
    limits: Sequence[dict[str, Any]],
    ends: tuple[float, float],
    domain: Sequence[float],
) -> list[dict[str, Any]]:
    """The points that have room for their name, with its place."""

    def across(flops: float) -> float:
        return WIDTH * math.log(flops / ends[0]) / math.log(ends[1] / ends[0])

    def down(score: float) -> float:
        return HEIGHT * (domain[1] - score) / (domain[1] - domain[0])

    taken: list[Box] = []
    thin: list[Box] = []
    for r in data:
        x, y = across(r["flops"]), down(r["score"])
        taken.append((x - 5, y - 5, x + 5, y + 5))
        if r["low"] is not None and r["high"] is not None:
            thin.append((x - 1, down(r["high"]), x + 1, down(r["low"])))
    edge = sorted((across(r["flops"]), down(r["score"])) for r in data if r["best"])
    for (x, y), (x2, y2) in pairwise(edge):
        thin += [(x, y - 1, x2, y + 1), (x2 - 1, min(y, y2), x2 + 1, max(y, y2))]
    taken += [(0, down(r["score"]) - 18, 60, down(r["score"]) + 1) for r in limits]
    points = [(r["name"], across(r["flops"]), down(r["score"])) for r in data]
    places = place(points, taken, thin, WIDTH, HEIGHT)
    return [
        {"name": r["name"], "flops": r["flops"], "score": r["score"], **asdict(p)}
        for r, p in zip(data, places, strict=True)
        if p is not None
    ]
