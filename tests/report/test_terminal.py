from __future__ import annotations

import io
import json
from dataclasses import replace

from rich.console import Console

from fairfight.report.terminal import as_json, show
from fairfight.verdict import Verdict

HOSTILE = "\x1b[31m[bold]x[/bold]"


def printed(verdicts: list[Verdict], width: int = 120, colour: bool = False) -> str:
    out = io.StringIO()
    show(verdicts, Console(file=out, width=width, force_terminal=colour, highlight=False))
    return out.getvalue()


def test_every_contender_has_a_row_with_its_figures(verdicts: list[Verdict]) -> None:
    text = printed(verdicts)
    for s in verdicts[0].standings:
        (row,) = [r for r in text.splitlines() if r.startswith(s.contender + " ")]
        assert f"{s.failures} / {s.over_budget}" in row
    assert "alarms" in text
    assert all(c in " ".join(text.split()) for c in verdicts[0].caveats)


def test_it_fits_eighty_columns(verdicts: list[Verdict]) -> None:
    lines = printed(verdicts, 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert any(r.rstrip().endswith("tier") for r in lines)
    assert "…" not in "".join(lines)


def test_false_alarms_have_a_column_only_if_measured(verdicts: list[Verdict]) -> None:
    bare = replace(verdicts[0], standings=tuple(replace(s, metrics={}) for s in verdicts[0].standings))
    assert "alarms" not in printed([bare])


def test_names_cannot_act_on_the_terminal(verdicts: list[Verdict]) -> None:
    first, *others = verdicts[0].standings
    odd = replace(
        verdicts[0], standings=(replace(first, contender=HOSTILE), *others), headline=HOSTILE, caveats=(HOSTILE,)
    )
    text = printed([odd])
    assert text.count("\\x1b[31m[bold]x[/bold]") == 3
    assert "\x1b" not in text
    assert "\x1b[31m[bold]" not in printed([odd], colour=True)


def test_json_is_plain_and_complete(verdicts: list[Verdict]) -> None:
    odd = replace(verdicts[0], headline=HOSTILE, standings=(replace(verdicts[0].standings[0], low=float("nan")),))
    (found,) = json.loads(json.dumps(as_json([odd]), allow_nan=False))
    assert found["headline"] == "\\x1b[31m[bold]x[/bold]"
    assert found["standings"][0]["low"] is None
    assert found["primary"]["difference"] == odd.primary.difference if odd.primary else True
