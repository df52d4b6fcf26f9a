"""The verdict at a tenth of what can be reused, and the attacker who knows the detectors, as they are shown."""

from __future__ import annotations

import io

from rich.console import Console

from fairfight.report import terminal
from fairfight.report.page import html
from fairfight.verdict import judge
from tests.report.test_page import Page
from tests.synthetic import records

RUN = records(attacker=True, shared=True, hostile=False)
VERDICTS = judge(RUN.matches, RUN.cases, RUN.tunings, RUN.seals, draws=500)


def test_both_verdicts_and_the_drops_are_on_the_page() -> None:
    page = Page(html(VERDICTS, RUN.matches, RUN.cases, RUN.seals, RUN.tunings, title="t", command="c"))
    assert [v.budget for v in VERDICTS] == ["default", "default+shared"]
    assert "what can be reused at a tenth of its cost" in VERDICTS[1].headline
    assert "reusable work at a tenth" in page.text
    assert "default+shared" not in " ".join(page.headings)
    assert page.headings.count("Against an attacker who knows the detectors") == 2
    assert all(c.difference < 0 for v in VERDICTS for c in v.arms["planting"] if c.a == "mahalanobis")
    rows = {c.a for c in VERDICTS[0].arms["planting"]}
    assert {"sae-reconstruction", "mahalanobis", "random-directions"} <= rows
    assert not {"random", "oracle"} & rows


def test_the_shared_verdict_has_everybody() -> None:
    names = [{s.contender for s in v.standings} for v in VERDICTS]
    assert names[0] == names[1]
    scores = [{s.contender: s.score for s in v.standings} for v in VERDICTS]
    assert scores[1]["sae-reconstruction"] > scores[0]["sae-reconstruction"]
    assert scores[1]["mahalanobis"] == scores[0]["mahalanobis"]


def test_a_terminal_shows_one_table_and_both_headlines() -> None:
    out = io.StringIO()
    terminal.show(VERDICTS, Console(file=out, width=80, highlight=False))
    text = " ".join(out.getvalue().split())
    assert text.count("FLOP") == 1
    assert text.count("In detect (quick") == 2
    assert "knows the detectors" in text
