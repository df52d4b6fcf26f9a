"""Matches are fought in processes of their own: a rogue costs its own match and nothing else."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from fairfight.arena import campaign
from fairfight.arena.campaign import Request
from fairfight.arena.records import MatchRecord
from fairfight.arena.sitting import Limits
from fairfight.arena.store import Store
from fairfight.errors import UserError

from . import guess  # noqa: F401  (registers the toy task)

STATUS = {
    "raises": "failed",
    "returns-nan": "failed",
    "wrong-length": "failed",
    "returns-nothing": "failed",
    "returns-object": "failed",
    "sleeps": "timeout",
    "spins": "timeout",
    "eats-memory": "memory",
    "exits": "failed",
    "crashes": "failed",
    "overspends": "over-budget",
    "edits-the-brief": "ok",
    "reads-the-brief": "ok",
    "snoops": "ok",
    "threshold": "ok",
    "multiply": "ok",
    "prepares": "over-budget",
    "coin": "ok",
    "oracle": "ok",
}


def fight(store: Store, **options: object) -> campaign.Campaign:
    options.setdefault("limits", Limits(wall_seconds=2.0, cpu_seconds=1.0, memory_bytes=300 << 20))
    return campaign.run(Request(tasks=["guess"], **options), store)  # type: ignore[arg-type]


class Fought(NamedTuple):
    """A store in which everybody has fought once, which tests copy before they fight on in it."""

    path: Path
    campaign: campaign.Campaign


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Fought:
    path = tmp_path_factory.mktemp("store") / "s.db"
    with Store.open(path) as store:
        return Fought(path, fight(store, suite="tour", seeds=1, workers=2))


@pytest.fixture(scope="module")
def fought(everybody: Fought) -> list[MatchRecord]:
    with Store.open(everybody.path, readonly=True) as store:
        return store.matches(task="guess", suite="tour")


def test_every_match_is_stored_with_how_it_ended(fought: list[MatchRecord]) -> None:
    assert {m.plan.contender for m in fought} == set(STATUS)
    assert len(fought) == 3 * len(STATUS)
    assert {m.plan.contender: m.status for m in fought} == STATUS


def test_a_match_that_ends_badly_has_the_floors_score_and_a_reason(fought: list[MatchRecord]) -> None:
    floor = {m.plan.case_id: m.score for m in fought if m.plan.kind == "random"}
    for m in fought:
        if m.status != "ok":
            assert m.score == floor[m.plan.case_id]
            assert m.reason
            assert not m.metrics
    reasons = {m.plan.contender: m.reason for m in fought}
    assert "no luck" in reasons["raises"]
    assert "39" in reasons["wrong-length"]
    assert "ended its process" in reasons["exits"]
    assert "SIGSEGV" in reasons["crashes"]


def test_a_contender_that_edits_its_brief_harms_no_other(fought: list[MatchRecord]) -> None:
    assert all(m.score == 1.0 for m in fought if m.plan.contender == "reads-the-brief")


def test_no_answer_is_in_reach_of_a_contender(fought: list[MatchRecord]) -> None:
    for m in fought:
        if m.plan.contender == "snoops":
            assert m.status == "ok", m.reason


def test_operations_are_counted_and_limits_were_kept(fought: list[MatchRecord]) -> None:
    by = {m.plan.contender: m for m in fought}
    # Two sittings of a 20 × 20 product, and the filling of the matrix.
    assert 2 * 2 * 20**3 <= by["multiply"].cost.flops <= 2 * (2 * 20**3 + 1000)
    assert by["multiply"].cost.cpu_seconds > 0
    assert by["sleeps"].cost.wall_seconds < 4


def test_the_oracle_is_at_the_ceiling_and_random_is_not(fought: list[MatchRecord]) -> None:
    scores = {m.plan.contender: m.score for m in fought}
    assert scores["oracle"] == 1.0
    assert scores["coin"] < 0.8


def test_a_second_run_fights_nothing(everybody: Fought, tmp_path: Path) -> None:
    shutil.copy(everybody.path, tmp_path / "s.db")
    with Store.open(tmp_path / "s.db") as store:
        again = fight(store, suite="tour", seeds=1, workers=1)
        fewer = fight(store, suite="tour", seeds=1, contenders=["threshold"], workers=1)
    assert everybody.campaign.new == 3 * len(STATUS)
    assert again.new == fewer.new == 0
    assert again.matches == everybody.campaign.matches
    assert len(set(fewer.matches) & set(again.matches)) == len(fewer.matches) == 9


def test_tuning_uses_development_cases_only_and_helps(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.db") as store:
        fight(store, suite="quick", seeds=1, contenders=["threshold"], trials=8, workers=2)
        (tuning,) = store.tunings(task="guess")
        tuned = [m for m in store.matches(task="guess") if m.plan.contender == "threshold"]
        cases = {m.plan.case_name for m in store.matches(task="guess")}
    assert len(tuning.trials) == 8
    assert tuning.trials[0]["params"] == {"cut": 0.9}
    assert all(m.plan.params == tuning.params for m in tuned)
    assert min(m.score for m in tuned) > 0.65  # 0.6 is what the default cut gets
    assert cases == {"scored-0", "scored-1", "scored-2"}


def test_a_fresh_draw_is_committed_first_and_revealed_after(
    everybody: Fought, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    shutil.copy(everybody.path, tmp_path / "s.db")
    with Store.open(tmp_path / "s.db") as store:
        fresh = fight(store, suite="tour", seeds=1, contenders=["threshold"], workers=1, fresh=True)
        seals = {s.drawn: s for s in store.seals()}
        matches = {m.id: m for m in store.matches(ids=fresh.matches)}
    assert fresh.new == 9
    assert not set(everybody.campaign.cases) & set(fresh.cases)
    assert seals["fresh"].secret
    assert all(m.started >= seals["fresh"].committed for m in matches.values())
    assert not list((tmp_path / "fairfight" / "seals").iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"suite": "quik"}, "did you mean 'quick'"),
        ({"contenders": ["treshold"]}, "did you mean 'threshold'"),
        ({"budget": "0"}, "budget '0'"),
        ({"budget": "much"}, "budget 'much'"),
        ({"seeds": 0}, "--seeds must be at least 1"),
        ({"workers": 0}, "--workers must be at least 1"),
        ({"suite": "large"}, "no cases"),
    ],
)
def test_a_users_mistake_is_one_sentence(tmp_path: Path, options: dict[str, object], words: str) -> None:
    with Store.open(tmp_path / "s.db") as store, pytest.raises(UserError, match=words):
        fight(store, **options)


RUN = """
import sys
sys.path.insert(0, sys.argv[2])
import tests.arena.guess
from fairfight.arena import campaign
from fairfight.arena.store import Store
request = campaign.Request(tasks=["guess"], seeds=2, workers=2,
                           contenders=["threshold", "multiply", "raises", "overspends", "reads-the-brief"])
with Store.open(sys.argv[1]) as store:
    campaign.run(request, store)
"""


def _start(store: Path) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    return subprocess.Popen([sys.executable, "-c", RUN, str(store), root], cwd=root, stderr=subprocess.DEVNULL)


def _finishes(store: Path) -> None:
    """A run after one that was killed has every match exactly once."""
    assert _start(store).wait() == 0
    found = _stored(store)
    assert len(found) == len({m.id for m in found}) == 3 * 2 * 7
    assert {m.status for m in found if m.plan.contender == "multiply"} == {"ok"}


def _stored(path: Path) -> list[MatchRecord]:
    with Store.open(path, readonly=True) as store:
        return store.matches(task="guess")


def _has_matches(store: Path) -> bool:
    try:
        return bool(_stored(store))
    except UserError:  # nobody has laid it out yet
        return False


def test_kill_9_loses_and_doubles_nothing_and_leaves_no_process(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    run = _start(store)
    while not _has_matches(store):
        assert run.poll() is None
        time.sleep(0.05)
    children = subprocess.run(["pgrep", "-P", str(run.pid)], capture_output=True, text=True).stdout.split()
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    before = _stored(store)
    assert 0 < len(before) < 3 * 2 * 7, "it was killed in the midst"
    time.sleep(1.0)
    assert children
    assert not any(Path(f"/proc/{c}").exists() and "zombie" not in _state(c) for c in children)
    _finishes(store)
    after = {m.id: m for m in _stored(store)}
    assert all(after[m.id] == m for m in before)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kill_9_at_twenty_random_moments(tmp_path: Path) -> None:
    rng = random.Random(0)
    for _ in range(20):
        run = _start(tmp_path / "s.db")
        time.sleep(rng.uniform(0.2, 8.0))
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    _finishes(tmp_path / "s.db")


def _state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text().split("State:")[1].split("\n")[0]
    except (FileNotFoundError, IndexError):
        return "zombie"


def test_records_are_plain_json(fought: list[MatchRecord]) -> None:
    assert json.dumps([vars(m.plan) for m in fought])
