"""The store on a PostgreSQL server of its own, made for the test: the same promises as on SQLite."""

from __future__ import annotations

import dataclasses
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from fairfight.arena import campaign
from fairfight.arena.campaign import Request
from fairfight.arena.store import Store
from fairfight.errors import UserError
from fairfight.verdict import judge

from . import guess  # noqa: F401  (registers the toy task)
from .test_store import a_match

BINARIES = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
REQUIRED = bool(os.environ.get("FAIRFIGHT_REQUIRE_POSTGRES"))
pytestmark = pytest.mark.skipif(
    not BINARIES and not REQUIRED, reason="PostgreSQL is not installed (apt-get install postgresql)"
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server on a free port of this machine, as a URL without a database's name."""
    pytest.importorskip("psycopg")
    # In /tmp itself: the server runs as another user where this one is root, and may not enter pytest's folders.
    folder = Path(tempfile.mkdtemp(prefix="fairfight-postgres-"))
    user: dict[str, object] = {}
    if os.getuid() == 0:
        them = pwd.getpwnam("postgres")
        os.chown(folder, them.pw_uid, them.pw_gid)
        user = {"user": them.pw_uid, "group": them.pw_gid, "extra_groups": []}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    binaries = Path(BINARIES[-1])

    def call(program: str, *arguments: str) -> None:
        subprocess.run([binaries / program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", **user)  # type: ignore[call-overload]

    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    call("initdb", "-D", data, "-U", "tester", "--auth=trust", "--encoding=UTF8", "--no-sync")
    call("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://tester@127.0.0.1:{port}"
    finally:
        call("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    """An empty database."""
    name = f"t{abs(hash(request.node.name))}"
    engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:") + "/postgres")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


def test_a_campaign_is_fought_judged_and_not_fought_again(url: str) -> None:
    request = Request("quick", ["guess"], ["threshold", "multiply", "returns-object"], seeds=2, trials=2)
    with Store.open(url) as store:
        # Three cases, two seeds, five contenders.
        assert campaign.run(request, store).new == 3 * 2 * 5
    with Store.open(url) as store:
        assert campaign.run(request, store).new == 0
        (verdict,) = judge(
            store.matches(suite="quick"), store.cases(), store.tunings(suite="quick"), store.seals(), suite="quick"
        )
        assert {s.contender for s in verdict.standings} >= {"threshold", "multiply", "oracle", "coin"}


def test_what_is_put_comes_back(url: str) -> None:
    record = a_match(reason="odd \0 text \ud800 <script>", status="failed", version="0.1")
    with Store.open(url) as store:
        assert store.put_match(record)
        assert not store.put_match(dataclasses.replace(record, score=0.9))
    with Store.open(url, readonly=True) as store:
        back = store.match(record.id[:6])
        assert dataclasses.replace(back, reason="") == dataclasses.replace(record, reason="")
        with pytest.raises(UserError, match="read-only"):
            store.put_match(a_match(seed=1))


def test_many_writers_store_each_match_once(url: str) -> None:
    Store.open(url).close()

    def write(_: int) -> int:
        with Store.open(url) as store:
            return sum(store.put_match(a_match(seed=i)) for i in range(20))

    with ThreadPoolExecutor(4) as pool:
        new = sum(pool.map(write, range(4)))
    with Store.open(url) as store:
        assert new == len(store.matches()) == 20


def test_an_earlier_layout_is_migrated(url: str) -> None:
    Store.open(url).close()
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE sights"))
        connection.execute(text("ALTER TABLE tunings DROP COLUMN budget"))
        connection.execute(text("ALTER TABLE tunings DROP COLUMN modality"))
        connection.execute(text("UPDATE meta SET value = '2' WHERE key = 'version'"))
    with pytest.raises(UserError, match="earlier layout"):
        Store.open(url, readonly=True)
    with Store.open(url) as store:
        assert store.tunings() == []
    engine.dispose()


def test_mistakes_are_one_sentence_without_the_password(server: str, url: str) -> None:
    with pytest.raises(UserError) as caught:
        Store.open(f"{server.replace('tester@', 'tester:hunter2@')}/nothere")
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
