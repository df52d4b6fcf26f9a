"""What ``fairfight audit`` does, with what it prints and writes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from fairfight.errors import UserError
from fairfight.report.audit import terminal, words
from fairfight.report.audit.page import html
from fairfight.report.audit.plain import as_json
from fairfight.report.audit.sarif import sarif
from fairfight.report.escape import line
from fairfight.report.file import put
from fairfight.report.live import clock

if TYPE_CHECKING:
    from fairfight.audits.run import Now


@dataclass(frozen=True)
class Asked:
    """What all three commands are told."""

    model: str
    data: Path
    out: Path
    kind: str | None
    seed: int
    as_json: bool
    words: Sequence[str]
    """Of the command line, after ``fairfight``."""

    def how(self) -> dict[str, Any]:
        """For the functions of the audit.

        Raises:
            UserError: There is no such kind of model.
        """
        from fairfight.subject.subject import Kind

        known = get_args(Kind)
        if self.kind is not None and self.kind not in known:
            raise UserError(f"There is no kind of model {self.kind!r}: known are {', '.join(known)}.")
        return {"kind": self.kind}

    @property
    def command(self) -> str:
        """To be run again, without what chooses one of the three."""
        import shlex

        kept = list(self.words)
        for name in ("--reproduce", "--repair", "--by"):
            if name in kept:
                at = kept.index(name)
                del kept[at : at + 2]
        return shlex.join(["fairfight", *kept])


def audit(asked: Asked, budget: float, spikes: int, workers: int | None) -> int:
    """Audit, write report.html, report.json and report.sarif, and print the summary; the exit code."""
    from fairfight.audits.asked import audit as run

    report = run(
        asked.model, asked.data, out=asked.out, budget=budget, spikes=spikes, workers=workers, seed=asked.seed,
        watch=None if asked.as_json else _watcher(), **asked.how(),
    )  # fmt: skip
    found = as_json(report, asked.command)
    put(asked.out / "report.json", json.dumps(found, indent=1, allow_nan=False) + "\n")
    put(asked.out / "report.sarif", json.dumps(sarif(report, asked.model, asked.command), indent=1) + "\n")
    put(asked.out / "report.html", html(report, asked.command))
    if asked.as_json:
        _print(found)
    else:
        terminal.show(report)
        terminal.say(f"Report: {asked.out / 'report.html'}, with report.json and report.sarif beside it.")
    return report.exit_code


def reproduce(asked: Asked, name: str) -> int:
    """Test a finding again; 1 if it still shows."""
    from fairfight.audits.asked import reproduce as again

    e = again(asked.model, asked.data, name, out=asked.out, seed=asked.seed, **asked.how())
    shows = e.p < 0.01
    if asked.as_json:
        _print({"finding": name, "shows": shows, "rate": e.rate.plain(), "control": e.control.plain(), "p": e.p})
    else:
        low, high = e.rate.interval
        said = f"{e.rate.hits} of {e.rate.of} held-out inputs ({low:.0%} to {high:.0%})"
        terminal.say(f"{name} {'shows' if shows else 'does not show'}: {said}; {e.control.value:.0%} under controls.")
    return int(shows)


def repair(asked: Asked, name: str, by: str | None) -> int:
    """Repair a finding in a copy and save it; 1 if it, or another finding, is in the copy."""
    from fairfight.audits.asked import repaired

    done, place = repaired(asked.model, asked.data, name, out=asked.out, seed=asked.seed, by=by, **asked.how())
    before, after = done.accuracy
    if asked.as_json:
        _print({
            "finding": name, "saved": str(place), "before": done.before.rate.plain(), "after": done.after.rate.plain(),
            "accuracy_before": before.plain(), "accuracy_after": after.plain(),
            "findings_in_copy": [t.suspicion.claim for t in done.found],
        })  # fmt: skip
    else:
        terminal.say(
            f"{name}: {done.before.rate.value:.0%} of held-out inputs before, {done.after.rate.value:.0%} after."
        )
        terminal.say(f"Right decisions: {before.value:.1%} before, {after.value:.1%} after.")
        for t in done.found:
            terminal.say(f"Still found: {t.suspicion.claim} ({words.evidence(t)})")
        terminal.say(f"The copy is in {place}; the model itself is as it was.")
    return int(bool(done.found))


def _watcher() -> Callable[[Now], None]:
    """One line on standard error, rewritten where that is a terminal."""
    live = sys.stderr.isatty()
    last = [""]

    def watch(now: Now) -> None:
        counted = f" {now.done}/{now.of}" if now.of else ""
        left = "" if now.left is None or now.doing == "done" else f", about {clock(now.left)} left"
        said = line(f"{now.doing}{counted}, {clock(now.seconds)} so far{left}")
        if live:
            sys.stderr.write("\r\x1b[2K" + said + ("\n" if now.doing == "done" else ""))
        elif said != last[0]:
            sys.stderr.write(f"fairfight: {said}\n")
        last[0] = said
        sys.stderr.flush()

    return watch


def _print(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")
