"""What the commands print beside verdicts: the catalogue, one match, a verification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairfight.arena.records import MatchRecord
from fairfight.arena.replay import Verification
from fairfight.report import numbers
from fairfight.report.escape import line

if TYPE_CHECKING:
    from rich.console import Console


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """One line, as it is."""
    _console().print(line(text), markup=False)


def show_catalogue(found: Mapping[str, Any]) -> None:
    """Tasks with their cases by suite, and their contenders with hyperparameter ranges."""
    from rich.markup import escape

    console = _console()
    for task in found["tasks"]:
        console.print(f"\n[bold]{escape(task['name'])}[/] ({task['category']}): {escape(task['job'])}")
        for suite, cases in task["cases"].items():
            scored = [c["name"] for c in cases if c["split"] == "scored"]
            if scored:
                dev = len(cases) - len(scored)
                console.print(
                    f"  {suite}: {len(scored)} cases, {dev} for tuning: {escape(', '.join(scored))}", style="dim"
                )
            lacks: dict[str, list[str]] = {}
            for c in cases:
                if c["missing"] and c["split"] == "scored":
                    lacks.setdefault(c["missing"], []).append(c["name"])
            for sentence, names in lacks.items():
                console.print(f"    not here: {escape(', '.join(names))}. {escape(line(sentence))}", style="yellow")
        for c in task["contenders"]:
            console.print(f"  [bold]{escape(line(c['name']))}[/]  {c['kind']}{_where(c)}")
            console.print(f"      {escape(line(c['summary']))} {escape(line(c['source']))}.", style="dim")
            if c["hyperparameters"]:
                ranges = "; ".join(f"{k} {_range(h)}" for k, h in c["hyperparameters"].items())
                console.print(f"      {escape(line(ranges))}", style="dim")


def _where(contender: Mapping[str, Any]) -> str:
    """In which suites it fights unasked and on what, where that is not all."""
    from fairfight.tasks.registry import MODALITIES
    from fairfight.tasks.task import SUITES

    suites = [] if contender["suites"] == list(SUITES) else [f"unasked in {', '.join(contender['suites'])}"]
    only = [] if contender["modalities"] == list(MODALITIES) else [f"{', '.join(contender['modalities'])} only"]
    return "".join(f", {x}" for x in (*only, *suites))


def _range(hyperparameter: Mapping[str, Any]) -> str:
    r = hyperparameter["range"]
    default = hyperparameter["default"]
    if r["type"] == "choice":
        return f"{default} of {', '.join(map(str, r['options']))}"
    return f"{default} in {r['low']:g}–{r['high']:g}{' (log)' if r['type'] == 'log' else ''}"


def show_match(record: MatchRecord) -> None:
    """All that decided a match, how it ended, what it cost and how to fight it again."""
    from rich.markup import escape
    from rich.table import Table

    plan, cost = record.plan, record.cost
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = {
        "match": record.id,
        "task, suite, case": f"{plan.task}, {plan.suite}, {plan.case_name} ({plan.case_id})",
        "contender": f"{plan.contender} ({plan.kind}), code {plan.fingerprint}",
        "parameters": ", ".join(f"{k} = {v}" for k, v in plan.params.items()) or "none",
        "seed": str(plan.seed),
        "budget a sitting": plan.budget,
        "tuning trials": str(plan.trials),
        "ended": f"{record.status}{': ' + record.reason if record.reason else ''}",
        "score": numbers.score(record.score),
        **{f"  {k}": numbers.score(v) for k, v in record.metrics.items()},
        "operations": numbers.flops(cost.flops),
        "CPU, wall": f"{cost.cpu_seconds:.2f} s, {cost.wall_seconds:.2f} s",
        "peak memory": numbers.size(cost.peak_bytes),
        "labels given": str(cost.labels),
        "started": f"{record.started} with Fairfight {record.version}",
    }
    for name, value in rows.items():
        table.add_row(escape(name), escape(line(value)))
    console = _console()
    console.print(table)
    console.print(
        f"Again: fairfight run --suite {plan.suite} --task {plan.task} --contenders {plan.contender}", markup=False
    )


def show_verification(found: Verification) -> None:
    """What held and what did not, a line each."""
    console = _console()
    for commit in found.seals_held:
        say(f"holds   seal {commit[:16]}… is what its revealed secret gives")
    for commit in found.seals_closed:
        say(f"closed  seal {commit[:16]}… has not been revealed yet")
    for commit in found.seals_broken:
        say(f"BROKEN  seal {commit[:16]}… is not what its secret gives")
    for match in found.matches_same:
        say(f"same    match {match} came out as stored, to the last digit")
    for match, difference in found.matches_changed:
        say(f"CHANGED match {match}: {difference}")
    if found.matches_stale:
        say(f"{found.matches_stale} stored matches are older than the code here and were left out")
    console.print("All that was checked holds." if found.holds else "Something does not hold.", style="bold")
