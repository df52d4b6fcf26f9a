"""The commands, as a user types them: what they print, what they return, and one sentence for each mistake."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fairfight.arena import campaign
from fairfight.arena.store import Store
from fairfight.cli import main

from .arena import guess  # noqa: F401  (registers the toy task)


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fairfight", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def fought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the toy task's tour in it."""
    path = tmp_path_factory.mktemp("store") / "s.db"
    with Store.open(path) as store:
        campaign.run(campaign.Request(tasks=["guess"], contenders=["threshold", "multiply"], workers=2), store)
    return path


def test_run_prints_verdicts_and_writes_the_report(
    fought: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ("run", "--task", "guess", "--contenders", "threshold,multiply", "--store", str(fought))
    assert call(monkeypatch, *run) == 0
    said = capsys.readouterr().out
    assert "In guess (tour)" in said
    assert "0 new matches, 24 in all" in said
    page = Path("report.html").read_text()
    assert "&lt;script&gt;alert(1)" in page or "\\u003cscript\\u003ealert(1)" in page
    assert "<script>alert(1)" not in page
    written = os.stat("report.html").st_mtime_ns
    assert call(monkeypatch, *run) == 0
    assert os.stat("report.html").st_mtime_ns == written, "an up-to-date report is left alone"


def test_run_as_json(fought: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--task", "guess", "--contenders", "threshold,multiply", "--store", str(fought), "--json")
    assert call(monkeypatch, "run", *asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["new_matches"] == 0
    assert {s["contender"] for s in found["verdicts"][0]["standings"]} == {"coin", "oracle", "threshold", "multiply"}


def test_list(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "list") == 0
    said = capsys.readouterr().out
    assert "mahalanobis" in said
    assert "detect" in said
    assert call(monkeypatch, "list", "--json") == 0
    found = {t["name"]: t for t in json.loads(capsys.readouterr().out)["tasks"]}
    detect = found["detect"]
    assert len([c for c in detect["cases"]["tour"] if c["split"] == "scored"]) == 4
    assert len([c for c in detect["cases"]["quick"] if c["split"] == "scored"]) >= 20
    assert {c["kind"] for c in detect["contenders"]} >= {"tool", "baseline", "random", "oracle", "placebo"}
    assert all(c["source"] for c in detect["contenders"])


def test_the_list_names_what_is_missing_and_what_would_bring_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("FAIRFIGHT_DATA", str(tmp_path))
    assert call(monkeypatch, "list", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    detect = next(t for t in found["tasks"] if t["name"] == "detect")
    lacking = {c["name"]: c["missing"] for c in detect["cases"]["standard"] if c["missing"]}
    assert "FAIRFIGHT_DATA" in lacking["mnist-badnet-white-square-shipped"]
    assert len(lacking) == len(detect["cases"]["standard"])
    assert not any(c["missing"] for c in detect["cases"]["quick"])
    assert call(monkeypatch, "list") == 0
    said = capsys.readouterr().out
    assert "not here: mnist-badnet-white-square-shipped" in said
    assert "perplexity  baseline, language only, unasked in standard, large" in said


def test_a_suite_without_its_data_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("FAIRFIGHT_DATA", str(tmp_path))
    assert call(monkeypatch, "run", "--suite", "standard", "--task", "detect", "--store", str(tmp_path / "s.db")) == 2
    said = capsys.readouterr().err
    assert "Nothing that suite 'standard' needs is here" in said
    assert "Traceback" not in said


def test_show_and_report_and_verify(
    fought: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(fought, readonly=True) as store:
        match = next(m for m in store.matches() if m.plan.contender == "threshold")
    assert call(monkeypatch, "show", match.id[:10], "--store", str(fought)) == 0
    assert "cut = 0.9" in capsys.readouterr().out
    assert call(monkeypatch, "show", match.id, "--store", str(fought), "--json") == 0
    assert json.loads(capsys.readouterr().out)["plan"]["params"] == {"cut": 0.9}
    assert call(monkeypatch, "report", "--store", str(fought), "-o", "again.html") == 0
    assert Path("again.html").stat().st_size > 100_000
    capsys.readouterr()
    assert call(monkeypatch, "verify", "--store", str(fought), "--sample", "4") == 0
    said = capsys.readouterr().out
    assert said.count("came out as stored") == 4
    assert "All that was checked holds" in said


def test_verify_notices_a_forged_score_and_a_forged_seal(
    fought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = tmp_path / "forged.db"
    shutil.copy(fought, forged)
    with sqlite3.connect(forged) as raw:
        raw.execute(
            "UPDATE matches SET metrics = '{\"accuracy\": 0.99, \"worst\": 0.99}' WHERE contender = 'threshold'"
        )
        raw.execute("UPDATE seals SET secret = 'another secret'")
    raw.close()
    assert call(monkeypatch, "verify", "--store", str(forged), "--sample", "100") == 1
    said = capsys.readouterr().out
    assert "accuracy was 0.99" in said
    assert "BROKEN" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--suite", "quik"], "did you mean 'quick'"),
        (["run", "--task", "detetc"], "did you mean 'detect'"),
        (["run", "--contenders", "mahalonobis"], "did you mean 'mahalanobis'"),
        (["run", "--budget", "0"], "The budget '0'"),
        (["run", "--task", "detect", "--suite", "large"], "has no cases"),
        (["run", "--workers", "0"], "--workers"),
        (["run", "--report", "/nowhere/report.html"], "/nowhere"),
        (["show", "abc"], "no store"),
        (["report"], "no store"),
        (["verify"], "no store"),
        (["run", "--store", "/nowhere/below/s.db"], "/nowhere"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    fought: Path, arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if "--report" in arguments:
        arguments += ["--task", "guess", "--contenders", "threshold,multiply", "--store", str(fought)]
    if os.geteuid() == 0 and "/nowhere/below/s.db" in arguments:
        monkeypatch.setattr(Path, "mkdir", _refuse)
    assert call(monkeypatch, *arguments) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("fairfight: ")
    assert words in said


def _refuse(self: Path, *_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied", str(self))


def test_a_store_from_a_newer_version_is_refused(
    fought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = tmp_path / "newer.db"
    shutil.copy(fought, newer)
    with sqlite3.connect(newer) as raw:
        raw.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    raw.close()
    before = newer.read_bytes()
    assert call(monkeypatch, "run", "--task", "guess", "--store", str(newer)) == 2
    assert "newer Fairfight" in capsys.readouterr().err
    assert newer.read_bytes() == before


def test_a_full_disk_under_the_cache_is_one_sentence(tmp_path: Path) -> None:
    """On a file system of 40 KiB, where the organisms do not fit."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        run = subprocess.run(
            [sys.executable, "-c", "from fairfight.cli import main; main()", "run", "--task", "detect",
             "--contenders", "random", "--seeds", "1", "--workers", "1", "--store", str(tmp_path / "s.db")],
            env={**os.environ, "FAIRFIGHT_CACHE": str(disk)}, capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip
        left = [p for p in disk.rglob("*") if p.is_file() and p.stat().st_size]
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert run.returncode == 2, run.stderr
    last = run.stderr.strip().splitlines()[-1]
    assert "FAIRFIGHT_CACHE" in last
    assert "Traceback" not in run.stderr
    assert not left
    assert not (tmp_path / "report.html").exists()
