"""An audit for a person at a terminal."""

from __future__ import annotations

from fairfight.audits.records import Report
from fairfight.report.audit import words
from fairfight.report.console import say as say
from fairfight.report.escape import line


def show(report: Report) -> None:
    """Summary, what silence is not worth, findings, power. Names are shown as text, whatever is in them."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for said in words.blind(report):
        console.print(Text(line(said), style="yellow"))
    console.print(Text(line(words.headline(report)), style="bold"))
    console.print(Text(line(words.alarms(report)), style="dim"))
    for t in report.findings:
        console.print(Text(line(f"{t.name} ({t.severity}): {t.suspicion.claim}")))
        console.print(Text("    " + line(words.evidence(t)), style="dim"))
    if report.dismissed:
        console.print(Text(f"{len(report.dismissed)} suspicions did not hold up; the report has them.", style="dim"))
    table = Table(box=None, pad_edge=False)
    for name in ("planted", "strength", "found", "95 %"):
        table.add_column(name)
    for p in report.powers:
        low, high = p.rate.interval
        table.add_row(p.title, p.strength, words.share(p), f"{low:.0%}–{high:.0%}" if p.rate.of else "")
    console.print(table)
