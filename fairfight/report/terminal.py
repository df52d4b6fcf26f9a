"""Verdicts for a person at a terminal, and as plain values for a program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fairfight.arena.budgets import is_shared
from fairfight.report import numbers
from fairfight.report.escape import finite, line, visible
from fairfight.report.kinds import look
from fairfight.verdict.arms import AXES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from fairfight.verdict.records import Contrast, Verdict

STYLES = {"tool": "cyan", "combination": "green", "baseline": "yellow", "placebo": "magenta"}
"""Colour of a kind's name; its place in the table and its word say the same."""


def show(verdicts: Iterable[Verdict], console: Console | None = None) -> None:
    """Print each verdict: headline, standings, caveats. Names are shown as text, whatever is in them."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = console or Console(highlight=False)
    for v in verdicts:
        console.print()
        console.print(Text(line(v.headline), style="bold"))
        if is_shared(v.budget):
            console.print(Text("Standings of this verdict are in the report.", style="dim"))
            continue
        console.print(table(v))
        for axis in AXES:
            if axis.key in v.arms:
                console.print(Text(line(changed(axis.title, v.arms[axis.key]))))
        for caveat in v.caveats:
            console.print(Padding(Text("• " + line(caveat), style="dim"), (0, 0, 0, 2)))


def changed(title: str, changes: Sequence[Contrast]) -> str:
    """What one thing makes of the contenders' scores, in a sentence."""
    lowest, highest = changes[0], changes[-1]
    return (
        f"{title} ({numbers.counted(lowest.cases, 'pair')} of cases): {lowest.a} "
        f"{numbers.signed(lowest.difference)}, {highest.a} {numbers.signed(highest.difference)}; "
        "the report has everybody."
    )


def table(verdict: Verdict) -> Table:
    """The standings, in 80 columns: score with interval, 0–1 scale, false alarms if measured, failures, cost, tier."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    alarms = any("false_alarms" in s.metrics for s in verdict.standings)
    shown.add_column("contender", overflow="fold", min_width=12)
    shown.add_column("kind", no_wrap=True)
    for title in ("score", "95 %", "0–1", *(["false\nalarms"] if alarms else []), "fail\n/over", "FLOP\na match"):
        shown.add_column(title, justify="right", no_wrap=True)
    shown.add_column("tier", no_wrap=True)
    for s in verdict.standings:
        style = STYLES.get(s.kind, "dim")
        cells = [
            Text(line(s.contender, 60), style=style),
            Text(look(s.kind).label, style=style),
            Text(numbers.score(s.score), style="bold"),
            Text(numbers.interval(s.low, s.high)),
            Text(numbers.score(s.normalised)),
            *([Text(numbers.score(s.metrics.get("false_alarms")))] if alarms else []),
            Text(f"{s.failures} / {s.over_budget}", style="red" if s.failures or s.over_budget else "dim"),
            Text(numbers.si(s.flops, "").strip()),
            Text(str(s.tier) if s.tier else numbers.MISSING),
        ]
        shown.add_row(*cells)
    return shown


def as_json(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """The verdicts as plain JSON values: NaN is null, control characters are spelt out."""
    return [_plain(finite(asdict(v))) for v in verdicts]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(str(k)): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value
