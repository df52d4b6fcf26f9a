"""The example package, installed as a user would, takes part like any other contender."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "fairfight-example"
FAIRFIGHT = "from fairfight.cli import main; main()"
SHORT = f"""
from fairfight.tasks.detect import cases
rows, dev = cases.SUITES["tour"]
cases.SUITES["tour"] = tuple(r for r in rows if r.world in ("digits", "scenes")), dev
{FAIRFIGHT}
"""
"""A tour of pictures alone: organisms of language take five times as long to train."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the example is installed, built from a copy without any network."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on the path: `pip install uv`")
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder / "source")
    install = [uv, "pip", "install", "--python", sys.executable, "--offline", "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, "--target", str(folder / "site"), str(folder / "source")], check=True)
    return {**os.environ, "PYTHONPATH": str(folder / "site"), "XDG_DATA_HOME": str(folder)}


def fairfight(environment: dict[str, str], *arguments: str, script: str = FAIRFIGHT) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], env=environment, capture_output=True, text=True, cwd="/tmp"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_listed(installed: dict[str, str]) -> None:
    (detect,) = (t for t in json.loads(fairfight(installed, "list", "--json"))["tasks"] if t["name"] == "detect")
    found = {c["name"]: c for c in detect["contenders"]}
    assert found["mean-distance"]["hyperparameters"]["depth"]["range"]["options"] == ["middle", "last"]
    assert found["mean-distance"]["module"] == "fairfight_example.distance"


def test_it_fights(installed: dict[str, str], tmp_path: Path) -> None:
    report = str(tmp_path / "report.html")
    asked = ("--task", "detect", "--contenders", "mean-distance", "--seeds", "1", "--report", report, "--json")
    found = json.loads(fairfight(installed, "run", *asked, script=SHORT))
    standings = {s["contender"]: s for s in found["verdicts"][0]["standings"]}
    assert standings["mean-distance"]["score"] > standings["random"]["score"] + 0.1
    assert standings["mean-distance"]["failures"] == 0
    assert found["new_matches"] == 2 * len(standings)


def test_it_passes_the_common_suite(installed: dict[str, str]) -> None:
    check = "from fairfight.arena.checks import check_contender; check_contender('detect', 'mean-distance')"
    done = subprocess.run([sys.executable, "-c", check], env=installed, capture_output=True, text=True, cwd="/tmp")
    assert done.returncode == 0, done.stderr
