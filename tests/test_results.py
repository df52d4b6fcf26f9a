"""The tables in the README and the docs are those of the runs that are kept in ``results``.

``python -m tests.test_results`` prints them as they should stand there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import fairfight as ff
from fairfight.verdict.records import Standing, Verdict

ROOT = Path(__file__).parents[1]
KEPT = {"standard": ROOT / "results" / "standard.db"}
LEADING = 5


@cache
def verdicts(suite: str) -> tuple[Verdict, ...]:
    (found,) = ff.results(suite, store=KEPT[suite])
    return found.verdicts


def row(s: Standing) -> str:
    figures = f"{s.score:.3f} | {s.low:.3f} – {s.high:.3f} | {s.metrics['false_alarms']:.3f} | {s.cpu_seconds:.1f}"
    return f"| {s.contender} | {s.kind} | {figures} |"


def whole(verdict: Verdict) -> list[str]:
    """Everybody, best first."""
    return [row(s) for s in verdict.standings]


def short(verdict: Verdict) -> list[str]:
    """The leading tools and baselines, the best placebo and the floor."""
    wanted = {"tool": LEADING, "baseline": LEADING, "placebo": 1, "random": 1}
    chosen = [s for kind, n in wanted.items() for s in [s for s in verdict.standings if s.kind == kind][:n]]
    return [row(s) for s in sorted(chosen, key=lambda s: -s.score)]


@pytest.mark.parametrize("suite", KEPT)
def test_the_readme_quotes_the_run_that_is_kept(suite: str) -> None:
    text = (ROOT / "README.md").read_text()
    for verdict in verdicts(suite):
        assert verdict.headline in " ".join(text.split())
    assert "\n".join(short(verdicts(suite)[0])) in text


@pytest.mark.parametrize("suite", KEPT)
def test_the_docs_have_everybody(suite: str) -> None:
    text = (ROOT / "docs" / "results.md").read_text()
    for verdict in verdicts(suite):
        assert verdict.headline in " ".join(text.split())
        assert "\n".join(whole(verdict)) in text


if __name__ == "__main__":
    for suite in KEPT:
        for verdict in verdicts(suite):
            print(verdict.headline, *short(verdict), "", *whole(verdict), "", *verdict.caveats, sep="\n")
