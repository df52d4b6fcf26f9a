"""The tables in the README and the docs are those of the runs that are kept in ``results``.

``python -m tests.test_results`` prints them as they should stand there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import fairfight as ff
from fairfight.verdict import judge
from fairfight.verdict.records import Contrast, Standing, Verdict

ROOT = Path(__file__).parents[1]
KEPT = {"standard": ROOT / "results" / "standard.db"}
QUOTED = {"standard": [("sae-mahalanobis", "mahalanobis"), ("sae-mahalanobis", "random-sae-mahalanobis")]}
"""Pairs whose difference the docs quote."""
LEADING = 5


@cache
def results(suite: str) -> ff.Results:
    (found,) = ff.results(suite, store=KEPT[suite])
    return found


def row(s: Standing) -> str:
    figures = f"{s.score:.3f} | {s.low:.3f} – {s.high:.3f} | {s.metrics['false_alarms']:.3f} | {s.cpu_seconds:.1f}"
    return f"| {s.contender} | {s.kind} | {figures} |"


def whole(verdict: Verdict) -> str:
    """Everybody, best first."""
    return "\n".join(map(row, verdict.standings))


def short(verdict: Verdict) -> str:
    """The leading tools and baselines, the best placebo and the floor."""
    wanted = {"tool": LEADING, "baseline": LEADING, "placebo": 1, "random": 1}
    chosen = [s for kind, n in wanted.items() for s in [s for s in verdict.standings if s.kind == kind][:n]]
    return "\n".join(row(s) for s in sorted(chosen, key=lambda s: -s.score))


def difference(c: Contrast) -> str:
    return f"{c.difference:+.3f} [{c.low:+.3f}, {c.high:+.3f}]"


def quoted(suite: str) -> list[str]:
    r = results(suite)
    found = []
    for pair in QUOTED[suite]:
        verdict = judge(r.matches, r.cases, r.tunings, r.seals, suite=suite, primary=pair)[0]
        assert verdict.primary is not None
        found.append(difference(verdict.primary))
    return found


@pytest.mark.parametrize("suite", KEPT)
def test_the_readme_quotes_the_run_that_is_kept(suite: str) -> None:
    text = (ROOT / "README.md").read_text()
    verdict = results(suite).verdicts[0]
    assert verdict.headline in " ".join(text.split())
    assert short(verdict) in text


@pytest.mark.parametrize("suite", KEPT)
def test_the_docs_have_everybody(suite: str) -> None:
    text = (ROOT / "docs" / "results.md").read_text()
    for verdict in results(suite).verdicts:
        assert verdict.headline in " ".join(text.split())
    assert whole(results(suite).verdicts[0]) in text
    for said in (*quoted(suite), *map(difference, results(suite).verdicts[0].arms["planting"])):
        assert said in text


if __name__ == "__main__":
    for suite in KEPT:
        for verdict in results(suite).verdicts:
            print(verdict.headline, short(verdict), whole(verdict), *verdict.caveats, sep="\n\n")
            print(*(f"{c.a} {difference(c)}" for c in verdict.arms.get("planting", ())), *quoted(suite), sep="\n")
