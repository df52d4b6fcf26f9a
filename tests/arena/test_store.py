"""The store: every match exactly once, whatever happens."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from fairfight.arena.records import CaseRecord, Cost, MatchPlan, MatchRecord, SealRecord, TuningRecord
from fairfight.arena.store import Store, schema
from fairfight.arena.store.rows import RunRecord
from fairfight.errors import UserError


def a_match(seed: int = 0, suite: str = "tour", score: float = 0.5, **changes: Any) -> MatchRecord:
    plan = MatchPlan(
        "detect", suite, "c0ffee", f"{suite}-patch", "knn", "baseline", "f00d", {"k": 5}, seed, "default", 4
    )
    record = MatchRecord(plan, "ok", score, {"auroc": score}, Cost(flops=10**15, cpu_seconds=0.5), "", "2026-01-01")
    return dataclasses.replace(record, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "store.db"


@pytest.fixture
def store(path: Path) -> Store:
    return Store.open(path)


def test_a_match_comes_back_as_it_was_put(store: Store, path: Path) -> None:
    record = a_match(reason="odd \0 text \ud800 <script>", status="failed", version="0.1")
    assert store.put_match(record)
    back = Store.open(path, readonly=True).match(record.id[:6])
    assert dataclasses.replace(back, reason="") == dataclasses.replace(record, reason="")
    assert back.reason.endswith("<script>")
    assert "\0" not in back.reason


def test_a_match_is_stored_once_and_never_changed(store: Store) -> None:
    assert store.put_match(a_match(score=0.5))
    assert not store.put_match(a_match(score=0.9))
    assert [m.score for m in store.matches()] == [0.5]


def test_a_match_of_two_suites_is_one_match_asked_for_twice(store: Store) -> None:
    tour, quick = a_match(suite="tour"), a_match(suite="quick", score=0.7)
    assert tour.id == quick.id
    store.put_match(tour)
    before = store.fingerprint("quick")
    assert not store.put_match(quick)
    assert store.fingerprint("quick") != before
    assert store.matches(suite="tour") == [tour]
    assert [(m.plan.case_name, m.score) for m in store.matches(suite="quick")] == [("quick-patch", 0.5)]
    assert len(store.matches()) == 2
    assert len(store.known([tour.id])) == 1
    assert store.match(tour.id).plan.suite == "tour"


def test_entering_plans_links_what_is_there_and_only_that(store: Store) -> None:
    store.put_match(a_match(seed=1))
    store.enter([a_match(seed=s, suite="quick").plan for s in (1, 2)])
    assert [m.plan.seed for m in store.matches(suite="quick")] == [1]
    before = store.fingerprint()
    store.enter([a_match(seed=s, suite="quick").plan for s in (1, 2)])
    assert store.fingerprint() == before


def test_choosing_matches(store: Store) -> None:
    records = [a_match(seed=s) for s in (3, 1, 2)]
    for record in records:
        store.put_match(record)
    many = [f"{i:016x}" for i in range(2000)]
    assert [m.plan.seed for m in store.matches()] == [1, 2, 3], "order is by content, not by time"
    assert store.matches(ids=[records[0].id, *many]) == [records[0]]
    assert store.known([*many, *(r.id for r in records)]) == {r.id for r in records}
    assert store.matches(task="discover") == [] == store.matches(suite="large") == store.matches(ids=[])


def test_an_id_that_is_unknown_or_ambiguous(store: Store) -> None:
    for seed in range(40):
        store.put_match(a_match(seed=seed))
    digit = max("0123456789abcdef", key=lambda d: sum(m.id.startswith(d) for m in store.matches()))
    for prefix, said in (("zz", "No match"), ("", "No match"), ("%", "No match"), (digit, "Several")):
        with pytest.raises(UserError, match=said):
            store.match(prefix)


def test_a_score_that_is_no_number_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="nan"):
        store.put_match(a_match(score=float("nan")))
    assert store.matches() == []


def test_cases_seals_tunings_and_runs(store: Store) -> None:
    case = CaseRecord("c0ffee", "detect", "tour", "patch", "scored", "vision", {"world": "digits"}, None, {"a": 1}, 2.0)
    store.put_case(case)
    before = store.fingerprint("tour")
    store.put_case(dataclasses.replace(case, build_seconds=9.0))
    assert store.cases() == [case]
    assert store.fingerprint("tour") == before
    void = dataclasses.replace(case, void="the fault did not take")
    store.put_case(void)
    store.put_case(dataclasses.replace(case, suite="quick"))
    assert store.cases(suite="tour") == [void]
    assert len(store.cases("detect")) == 2

    seal = SealRecord("ab" * 32, "detect", "quick", None, "2026-01-01", contenders={"knn": "f00d"})
    assert store.put_seal(seal)
    assert not store.put_seal(seal)
    shown = store.reveal_seal(seal.commitment, "secret", "2026-01-02")
    assert store.seals() == [shown] == [dataclasses.replace(seal, secret="secret", revealed="2026-01-02")]
    assert store.reveal_seal(seal.commitment, "another", "2026-01-03") == shown
    with pytest.raises(UserError, match="no commitment"):
        store.reveal_seal("cd" * 32, "secret", "2026-01-02")

    tuning = TuningRecord(
        "key", "detect", "quick", "knn", {"k": 3}, [{"params": {"k": 3}, "score": 0.5}], Cost(flops=3)
    )
    assert store.put_tuning(tuning)
    assert not store.put_tuning(tuning)
    assert store.tuning("key") == tuning
    assert store.tuning("other") is None
    assert store.tunings(suite="quick") == [tuning]

    before = store.fingerprint()
    run = RunRecord("r1", {"suite": "tour"}, {"torch": "2"}, 2, "2026-01-01")
    store.put_run(run)
    store.put_run(dataclasses.replace(run, ended="2026-01-02"))
    assert store.runs() == [dataclasses.replace(run, ended="2026-01-02")]
    assert store.fingerprint() == before, "running again with nothing new leaves the report as it is"


def test_fingerprints_tell_stores_apart(tmp_path: Path) -> None:
    stores = [Store.open(tmp_path / f"{i}.db") for i in range(2)]
    for store in stores:
        store.put_match(a_match())
    assert stores[0].fingerprint() != stores[1].fingerprint()


def as_version_1(path: Path) -> MatchRecord:
    """A store in the first layout, with one match."""
    record = a_match(version="0.0.1")
    store = Store.open(path)
    store.put_match(record)
    store.close()
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TABLE entries")
        raw.execute("DROP TABLE revisions")
        raw.execute("DROP TABLE sights")
        raw.execute("ALTER TABLE matches DROP COLUMN version")
        raw.execute("ALTER TABLE tunings DROP COLUMN modality")
        raw.execute("ALTER TABLE tunings DROP COLUMN budget")
        raw.execute("UPDATE meta SET value = '1' WHERE key = 'version'")
    raw.close()
    return record


def test_a_store_of_the_first_layout_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    record = as_version_1(path)
    with pytest.raises(UserError, match="earlier layout"):
        Store.open(path, readonly=True)
    store = Store.open(path)
    assert store.matches(suite="tour") == [dataclasses.replace(record, version="")]
    assert store.put_match(a_match(seed=1, version="0.1"))
    assert len(Store.open(path, readonly=True).matches()) == 2


def test_migration_gives_the_present_layout(tmp_path: Path) -> None:
    as_version_1(tmp_path / "old.db")
    columns = []
    for name in ("old.db", "new.db"):
        Store.open(tmp_path / name).close()
        with sqlite3.connect(tmp_path / name) as raw:
            columns.append(
                {t: sorted(c[1:4] for c in raw.execute(f"PRAGMA table_info({t})")) for t in schema.metadata.tables}
            )
        raw.close()
    assert columns[0] == columns[1]


def test_a_store_of_a_newer_version_is_left_alone(store: Store, path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    raw.close()
    with pytest.raises(UserError, match="newer Fairfight"):
        Store.open(path)


def refuse(message: str, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(UserError, match=message) as caught:
        Store.open(*args, **kwargs)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "hunter2" not in str(caught.value)


def test_what_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, and long enough to be read as one\n" * 100)
    refuse("not a store", tmp_path / "notes.txt")
    with sqlite3.connect(tmp_path / "other.db") as raw:
        raw.execute("CREATE TABLE birds (name TEXT)")
    raw.close()
    refuse("other tables", tmp_path / "other.db")
    refuse("is a folder", tmp_path)
    refuse("no store", tmp_path / "none.db", readonly=True)
    assert not (tmp_path / "none.db").exists()
    refuse("cannot be made", tmp_path / "notes.txt" / "store.db")
    refuse("Unknown database", "oraculum://me:hunter2@host/db")
    refuse("cannot be read", "://")
    refuse("postgres|cannot be reached", "postgresql://me:hunter2@127.0.0.1:1/db")


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder used without root's rights, which would let it write everywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with TemporaryDirectory(dir="/tmp") as folder:
            yield Path(folder)
    finally:
        if root:
            os.seteuid(0)


def test_a_read_only_file_or_folder(folder_of_nobody: Path) -> None:
    path = folder_of_nobody / "store.db"
    with Store.open(path) as store:
        store.put_match(a_match())
    path.chmod(0o444)
    with pytest.raises(UserError, match="read-only"):
        Store.open(path).put_match(a_match(seed=1))
    folder_of_nobody.chmod(0o555)
    try:
        assert len(Store.open(path, readonly=True).matches()) == 1
        refuse("writable", folder_of_nobody / "another.db")
    finally:
        folder_of_nobody.chmod(0o755)


def test_writing_to_a_store_opened_for_reading(store: Store, path: Path) -> None:
    with pytest.raises(UserError, match="read-only"):
        Store.open(path, readonly=True).put_match(a_match())
    assert store.matches() == []


def test_a_full_disk(store: Store) -> None:
    store.put_match(a_match())
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    def fill() -> None:
        for seed in range(1, 500):
            store.put_match(a_match(seed=seed, reason="x" * 2000))

    with pytest.raises(UserError, match="full"):
        fill()
    count = len(store.matches())
    assert count == len(store.known(a_match(seed=s).id for s in range(500)))


WRITER = """
import sys
from tests.arena.test_store import a_match
from fairfight.arena.store import Store
store = Store.open(sys.argv[1])
print("open", flush=True)
for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    store.put_match(a_match(seed=seed))
"""


def writer(path: Path, first: int, last: int) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(last)]
    return subprocess.Popen(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, stdout=-1, text=True)


def test_two_processes_write_the_same_matches_at_once(path: Path) -> None:
    both = [writer(path, 0, 150), writer(path, 50, 200)]
    assert [p.wait(60) for p in both] == [0, 0]
    assert [m.plan.seed for m in Store.open(path).matches()] == list(range(200))


def test_kill_at_any_moment_loses_no_match_that_was_put(path: Path) -> None:
    for pause in (0.0, 0.02, 0.05, 0.11):
        process = writer(path, 0, 100_000)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        seeds = [m.plan.seed for m in Store.open(path).matches()]
        assert seeds == list(range(len(seeds))), "in the order they were put, each once, none torn"
    assert seeds


def test_the_tables_can_be_made_on_postgresql() -> None:
    for table in schema.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_importing_the_room_does_not_import_sqlalchemy() -> None:
    code = "import sys, fairfight.arena.store; sys.exit('sqlalchemy' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_what_a_person_should_see_is_kept_beside_the_match(store: Store) -> None:
    plain, seen = a_match(), a_match(seed=1, shown={"lines": ["<b>a token</b>"], "pictures": []})
    for record in (plain, seen):
        store.put_match(record)
    assert store.sights("tour") == {seen.id: {"lines": ["<b>a token</b>"], "pictures": []}}
    assert [m.shown for m in store.matches()] == [None, None], "reading matches does not read it"
