"""The charts as Vega-Lite specifications: forest plots and contrasts, and what all charts share.

Colours are style-sheet variables, which Vega hands through to the SVG; so one chart serves light, dark and print.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from fairfight.report import numbers
from fairfight.report.escape import finite, line
from fairfight.report.kinds import look, rank

if TYPE_CHECKING:
    from fairfight.verdict.records import Contrast, Standing, Verdict

ROW = 24
"""Height of a contender's row in pixels."""
MARK = "\u2063"
"""Invisible, and never left in a contender's name: what begins with it is a group's heading."""


def vega() -> Any:
    """Altair, loaded when the first chart is made."""
    import altair

    return altair


def specification(chart: Any, height: int) -> dict[str, Any]:
    """The chart as Vega-Lite, as wide as its place and in the page's colours."""
    quiet = {"grid": False, "domain": False, "ticks": False}
    text = {"labelColor": "var(--soft)", "titleColor": "var(--soft)", "labelFontSize": 12, "titleFontSize": 12,
            "titleFontWeight": "normal", "gridColor": "var(--line)", "domainColor": "var(--line)",
            "tickColor": "var(--line)", "labelLimit": 150, "titlePadding": 8}  # fmt: skip
    chart = chart.properties(width="container", height=height, background="transparent").configure(
        aria=False,
        font="system-ui, -apple-system, 'Segoe UI', Roboto, Inter, sans-serif",
        view={"stroke": None},
        axis=text,
        axisY=quiet,
    )
    spec: dict[str, Any] = chart.to_dict()
    return spec


def _grouped(rows: Iterable[tuple[str, str]]) -> list[str]:
    """The order of the vertical axis: under a heading for each kind, its contenders as they come.

    Args:
        rows: Pairs of kind and name.
    """
    by_kind: dict[str, list[str]] = {}
    for kind, name in rows:
        by_kind.setdefault(kind, []).append(name)
    return [y for kind in sorted(by_kind, key=rank) for y in (MARK + look(kind).plural, *by_kind[kind])]


def _vertical(alt: Any, order: list[str]) -> Any:
    heading = f"substring(datum.value, 0, 1) == '{MARK}'"
    return alt.Y(
        "name:N",
        scale=alt.Scale(domain=order, paddingOuter=0.1),
        axis=alt.Axis(
            title=None,
            labelFontWeight={"condition": {"test": heading, "value": "bold"}, "value": "normal"},
            labelColor={"condition": {"test": heading, "value": "var(--soft)"}, "value": "var(--ink)"},
        ),
    )


def kind_scales(alt: Any, kinds: Iterable[str]) -> tuple[Any, Any]:
    """Colour and shape of the kinds; the page writes the legend."""
    labels = {look(k).label: look(k) for k in sorted(set(kinds), key=rank)}
    scale = {"domain": list(labels)}
    colour = alt.Color("kind:N", scale=alt.Scale(range=[x.colour for x in labels.values()], **scale), legend=None)
    shape = alt.Shape("kind:N", scale=alt.Scale(range=[x.shape for x in labels.values()], **scale), legend=None)
    return colour, shape


def horizontal(alt: Any, title: str, values: Iterable[float | None]) -> dict[str, Any]:
    """Domain with a little air, and an axis that writes scores as the tables do."""
    known = [v for v in values if v is not None and math.isfinite(v)] or [0.0, 1.0]
    air = 0.04 * (max(known) - min(known)) or 0.05
    plain = "replace(replace(format(datum.value, '.2f'), /^(−?)0(?=\\.)/, '$1'), '-', '−')"
    return {
        "scale": alt.Scale(domain=[min(known) - air, max(known) + air], zero=False, nice=False),
        "axis": alt.Axis(title=title, grid=True, labelExpr=plain, tickCount=6),
    }


def forest(verdict: Verdict, label: str, scale: Literal["score", "normalised"] = "score") -> dict[str, Any]:
    """Every contender with its interval, grouped by kind, between the floor and the ceiling.

    Args:
        verdict: Whose standings.
        label: What the score is, for the axis.
        scale: As measured, or with ``random`` at 0 and ``oracle`` at 1.
    """
    alt = vega()

    def figures(s: Standing) -> tuple[float | None, float | None, float | None]:
        return (s.score, s.low, s.high) if scale == "score" else (s.normalised, s.normalised_low, s.normalised_high)

    rows, limits = [], []
    for s in verdict.standings:
        mean, low, high = (finite(x) for x in figures(s))
        if mean is None:
            continue
        row = {"name": line(s.contender, 40), "kind": look(s.kind).label, "mean": mean, "low": low, "high": high,
               "said": f"{numbers.score(mean)} {numbers.interval(low, high)}"}  # fmt: skip
        if s.kind in ("random", "oracle"):
            limits.append({"name": row["name"], "kind": row["kind"], "mean": mean})
        else:
            rows.append((s.kind, row))
    order = _grouped((kind, row["name"]) for kind, row in rows)
    data = [row for _, row in rows]
    span = [r[k] for r in data for k in ("mean", "low", "high")] + [r["mean"] for r in limits]
    x = horizontal(alt, label, span)
    y = _vertical(alt, order)
    colour, shape = kind_scales(alt, [kind for kind, _ in rows])
    tooltip = [alt.Tooltip("name:N", title="contender"), alt.Tooltip("kind:N"), alt.Tooltip("said:N", title="score")]
    points = alt.Chart(alt.Data(values=data)).encode(y=y, color=colour, tooltip=tooltip)
    walls = alt.Chart(alt.Data(values=limits)).encode(x=alt.X("mean:Q", **x))
    chart = alt.layer(
        walls.mark_rule(color="var(--control)", strokeDash=[4, 3], strokeWidth=1.5),
        walls.mark_text(color="var(--soft)", baseline="bottom", dy=-4, fontSize=12).encode(
            y=alt.value(0), text="name:N"
        ),
        points.mark_rule(strokeWidth=2.5, opacity=0.55).encode(x=alt.X("low:Q", **x), x2="high:Q"),
        points.mark_point(filled=True, size=75, opacity=1).encode(x=alt.X("mean:Q", **x), shape=shape),
    )
    return specification(chart, ROW * max(1, len(order)))


OUTCOMES: dict[str, tuple[str, str, str]] = {
    "tool better": ("var(--tool)", "circle", "●"),
    "baseline better": ("var(--baseline)", "square", "■"),
    "no different": ("var(--combination)", "triangle-up", "▲"),
    "open": ("var(--control)", "diamond", "◆"),
}
"""What a contrast shows: its colour, shape, and the shape in text."""


def outcome(contrast: Contrast) -> str:
    """What a contrast shows, in two words."""
    if contrast.decided:
        return "tool better" if contrast.difference > 0 else "baseline better"
    return "no different" if contrast.equivalent else "open"


def contrasts(verdict: Verdict) -> dict[str, Any]:
    """Each tool's difference from the best baseline, with the band inside which a difference counts as none."""
    alt = vega()

    margin = max((c.margin for c in verdict.contrasts), default=0.0)
    data = [
        {"name": line(c.a, 40), "difference": finite(c.difference), "low": finite(c.low), "high": finite(c.high),
         "state": outcome(c), "zero": 0, "less": -margin, "more": margin,
         "said": f"{numbers.signed(c.difference)} {numbers.interval(c.low, c.high)}",
         "p": numbers.p_value(c.p_holm)}
        for c in verdict.contrasts
    ]  # fmt: skip
    span = [r[k] for r in data for k in ("low", "high", "difference", "less", "more")]
    x = horizontal(alt, "difference in score: tool − baseline", span)
    y = _vertical(alt, [r["name"] for r in data])
    states = list(OUTCOMES)
    colour = alt.Color("state:N", scale=alt.Scale(domain=states, range=[o[0] for o in OUTCOMES.values()]), legend=None)
    shape = alt.Shape("state:N", scale=alt.Scale(domain=states, range=[o[1] for o in OUTCOMES.values()]), legend=None)
    tooltip = [alt.Tooltip("name:N", title="tool"), alt.Tooltip("said:N", title="difference"),
               alt.Tooltip("p:N", title="p, corrected"), alt.Tooltip("state:N", title="verdict")]  # fmt: skip
    base = alt.Chart(alt.Data(values=data))
    points = base.encode(y=y, color=colour, tooltip=tooltip)
    chart = alt.layer(
        alt.Chart(alt.Data(values=data[:1])).mark_rect(color="var(--control)", opacity=0.14).encode(
            x=alt.X("less:Q", **x), x2="more:Q"
        ),
        alt.Chart(alt.Data(values=data[:1])).mark_rule(color="var(--soft)").encode(x=alt.X("zero:Q", **x)),
        points.mark_rule(strokeWidth=2.5, opacity=0.55).encode(x=alt.X("low:Q", **x), x2="high:Q"),
        points.mark_point(filled=True, size=75, opacity=1).encode(
            x=alt.X("difference:Q", **x), shape=shape
        ),
    )  # fmt: skip
    return specification(chart, ROW * max(2, len(data)))
