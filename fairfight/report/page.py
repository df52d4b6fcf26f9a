"""The report: one HTML file that opens offline, written from verdicts and records alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fairfight.arena.budgets import is_shared, plain
from fairfight.errors import UserError
from fairfight.report import charts
from fairfight.report.bundle import bundle
from fairfight.report.cost import cost
from fairfight.report.failures import failures, void_cases
from fairfight.report.found import Find, finds
from fairfight.report.matches import compact
from fairfight.report.splits import Split, split
from fairfight.report.templating import environment, part, policy
from fairfight.report.versions import mark, versions
from fairfight.report.words import GLOSSARY, RULES, TIERS, rigor
from fairfight.verdict.arms import AXES

if TYPE_CHECKING:
    from fairfight.arena.records import CaseRecord, MatchRecord, SealRecord, TuningRecord
    from fairfight.verdict.columns import Ring
    from fairfight.verdict.records import Verdict

CHOSEN = {
    "development": "the tool and the baseline were chosen by their scores on development cases",
    "declared": "the tool and the baseline were declared beforehand",
    "scored": "the tool and the baseline were chosen by the scored cases themselves, so take it as a hint",
    "family": "every tool against the best baseline",
}
"""How the contrast of the headline came to be looked at."""


class Section(NamedTuple):
    """A verdict with all that the page shows of it."""

    verdict: Verdict
    budget: str
    shared: bool
    """Whether reusable work was charged at a tenth."""
    label: str
    """What the score is ("AUROC")."""
    metrics: dict[str, str]
    """Name to label of the other metrics."""
    rigor: str
    chosen: str
    specs: dict[str, dict[str, Any]]
    split: Split
    finds: tuple[Find, ...]
    """What was found on each case, where the task shows that."""


def html(
    verdicts: Sequence[Verdict],
    matches: Sequence[MatchRecord],
    cases: Sequence[CaseRecord],
    seals: Sequence[SealRecord],
    tunings: Sequence[TuningRecord],
    *,
    title: str,
    command: str,
    fingerprint: str = "",
    sights: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """The whole page as text. Equal records give an equal page.

    Args:
        verdicts: What :func:`fairfight.verdict.judge` found.
        matches: Every match, those that failed or that no verdict rests on included.
        cases: Their cases, with exhibits.
        seals: Commitments to the cases.
        tunings: What tuning chose.
        title: Heading of the page.
        command: What the user ran, to be run again.
        fingerprint: Identity of the store's content, for :func:`fairfight.report.file.is_current`.
        sights: What a person should see of submissions, by match.
    """
    from fairfight.verdict.columns import rings

    fought = {(r.task, r.suite, r.budget): r for r in rings(matches, cases)}
    scripts = {"bundle": bundle(), "charts": part("charts.js"), "matches": part("matches.js")}
    page = environment().get_template("page.html.j2")
    started = sorted({m.started[:10] for m in matches if m.started})
    return page.render(
        title=title,
        command=command,
        mark=mark(fingerprint),
        policy=policy(scripts.values()),
        scripts=scripts,
        style=part("style.css"),
        sections=[
            _section(v, fought.get((v.task, v.suite, v.budget)), seals, finds(v, matches, cases, sights or {}))
            for v in verdicts
        ],
        matches=compact(matches),
        dates=started[:1] + started[1:][-1:],
        failures=failures(matches),
        voids=void_cases(verdicts, cases),
        cases=[c for c in cases if c.split != "dev"],
        seals=seals,
        tunings=tunings,
        versions=versions(matches),
        rules=RULES,
        axes=AXES,
        glossary=GLOSSARY,
        tiers=TIERS,
    )


def _section(verdict: Verdict, ring: Ring | None, seals: Iterable[SealRecord], found: tuple[Find, ...]) -> Section:
    label, metrics = _labels(verdict.task)
    specs = {
        "score": charts.forest(verdict, label),
        "normalised": charts.forest(verdict, "random = 0, oracle = 1", "normalised"),
        "cost": cost(verdict, label),
    }
    if verdict.contrasts:
        specs["contrasts"] = charts.contrasts(verdict)
    chosen = CHOSEN[verdict.primary.choice] if verdict.primary else ""
    budget, shared = plain(verdict.budget), is_shared(verdict.budget)
    said = rigor(verdict, seals)
    return Section(verdict, budget, shared, label, metrics, said, chosen, specs, split(verdict, ring), found)


def _labels(name: str) -> tuple[str, dict[str, str]]:
    """Label of the primary metric and of the others; bare names where the task is not installed."""
    from fairfight.tasks import registry

    try:
        task = registry.task(name)
    except UserError:
        return "score", {}
    return task.metrics[0].label, {m.name: m.label for m in task.metrics[1:]}
