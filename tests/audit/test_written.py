"""What an audit writes: JSON after its schema, SARIF, and a page on which foreign text does nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import fairfight as ff
from fairfight.audits.records import Power, Rate, Report
from fairfight.report.audit.page import html
from fairfight.report.audit.plain import as_json, schema
from fairfight.report.audit.sarif import sarif
from fairfight.report.audit.words import blind, smallest
from fairfight.subject import save
from tests.audit.models import pair

EVIL = "<script>alert(1)</script>\x1b[31m\u202eevil"


@pytest.fixture(scope="module")
def report() -> Report:
    subject, _, data, _ = pair("digits")
    return ff.audit(subject, data, spikes=0)


def evil(report: Report) -> Report:
    first = report.findings[0]
    suspicion = replace(first.suspicion, claim=EVIL)
    bad = replace(first, suspicion=suspicion, texts=((EVIL, EVIL),), pictures=((EVIL, "https://example.com/x.png"),))
    profile = replace(report.profile, name=EVIL, classes=(EVIL,))
    return replace(report, findings=(bad,), profile=profile, notes=(EVIL,))


def test_json_follows_its_schema(report: Report) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for one in (report, evil(report)):
        found = as_json(one, "fairfight audit x")
        jsonschema.Draft202012Validator(schema()).validate(json.loads(json.dumps(found, allow_nan=False)))
        assert found["findings"][0]["reproducer"]["command"] == "fairfight audit x --reproduce F1"
    assert "\x1b" not in json.dumps(as_json(evil(report), "x"), ensure_ascii=False)


def test_sarif_has_one_result_a_finding(report: Report) -> None:
    found = sarif(report, "some/model", "fairfight audit some/model")
    run = found["runs"][0]
    assert found["version"] == "2.1.0"
    assert len(run["results"]) == len(report.findings)
    ids = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert all(r["ruleId"] in ids and r["level"] == "error" for r in run["results"])
    assert "\x1b" not in json.dumps(sarif(evil(report), "m", "c"), ensure_ascii=False)


def test_foreign_text_does_nothing_on_the_page(report: Report) -> None:
    page = html(evil(report), "fairfight audit")
    assert "<script" not in page
    assert "\x1b" not in page
    assert "example.com" not in page
    assert "script-src &#39;none&#39;" in page


def test_families_without_power_come_first(report: Report) -> None:
    powers = (
        Power("patch", "a patch", "large", Rate(4, 4), 0),
        Power("patch", "a patch", "small", Rate(3, 4), 0),
        Power("blend", "a blend", "strong", Rate(0, 4), 0),
        Power("word", "a word", "usual", Rate(0, 0), 2),
    )
    some = replace(report, powers=powers)
    assert [("blend" in s, "word" in s) for s in blind(some)] == [(True, False), (False, True)]
    assert "down to “small”" in smallest(some)[0]
    page = html(some, "x")
    assert page.index("would probably have missed a blend") < page.index('class="headline"')


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    from fairfight.cli import app

    subject, twin, data, _ = pair("digits")
    save(subject, tmp_path / "bad")
    save(twin, tmp_path / "good")
    pixels = (data.inputs.pixels * 255).round().numpy().astype(np.uint8)  # type: ignore[union-attr]
    np.savez(tmp_path / "d.npz", x=pixels, y=data.labels.numpy())
    run = CliRunner().invoke
    common = ["--data", str(tmp_path / "d.npz"), "--spikes", "0"]
    found = run(app, ["audit", str(tmp_path / "good"), *common, "--out", str(tmp_path / "g"), "--json"])
    assert found.exit_code == 0, found.output
    out = tmp_path / "b"
    found = run(app, ["audit", str(tmp_path / "bad"), *common, "--out", str(out)])
    assert found.exit_code == 1, found.output
    assert {"report.html", "report.json", "report.sarif", "findings"} <= {f.name for f in out.iterdir()}
    found = run(app, ["audit", str(tmp_path / "bad"), *common, "--out", str(out), "--reproduce", "F1"])
    assert found.exit_code == 1, found.output
    assert "F1 shows" in found.output
    found = run(app, ["audit", str(tmp_path / "bad"), *common, "--out", str(out), "--repair", "F1"])
    assert "0% after" in found.output
    assert (out / "mended" / "F1" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "--data", "x"], "There is no model folder|hub"),
        (["M", "--data", "none.npz"], "is no folder of pictures"),
        (["M", "--data", "D", "--reproduce", "F7"], "There is no finding 'F7'"),
        (["M", "--data", "D", "--kind", "robot"], "There is no kind of model 'robot'"),
        (["M", "--data", "D", "--budget", "0"], "budget of more than 0"),
    ],
)
def test_a_mistake_is_a_sentence(words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fairfight.cli import app
    from fairfight.errors import UserError

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    _, twin, data, _ = pair("digits")
    save(twin, tmp_path / "M")
    np.savez(tmp_path / "D.npz", x=data.inputs.pixels.numpy(), y=data.labels.numpy())  # type: ignore[union-attr]
    places = {"M": str(tmp_path / "M"), "D": str(tmp_path / "D.npz")}
    given = [places.get(w, w) for w in words]
    found = CliRunner().invoke(app, ["audit", *given, "--out", str(tmp_path / "o")])
    assert isinstance(found.exception, UserError), found.output
    assert __import__("re").search(said, str(found.exception)), found.exception
