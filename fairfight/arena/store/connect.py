"""From what a user calls a store to an engine that writes it safely."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from fairfight.content import data_root
from fairfight.errors import UserError

BUSY_SECONDS = 60.0
"""How long a writer waits for another; a transaction takes milliseconds."""


def connect(store: str | Path | None, *, readonly: bool) -> tuple[Engine, str]:
    """The engine, and the store's name for messages (without a password).

    Args:
        store: A path of an SQLite file, a database URL, or None for ``store.db`` in the user's data folder.
        readonly: Never create or write.

    Raises:
        UserError: No such kind of database, its driver is missing, or its folder cannot be made.
    """
    if store is None:
        store = data_root() / "store.db"
    if isinstance(store, str) and "://" in store:
        url = _parse(store)
        if url.get_backend_name() != "sqlite":
            return _server(url, readonly=readonly), url.render_as_string(hide_password=True)
        if url.database in (None, "", ":memory:"):
            return _prepare(create_engine(url)), "in memory"
        store = str(url.database)
    path = Path(store).expanduser().absolute()
    return _file(path, readonly=readonly), str(path)


def _parse(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise UserError("The store's URL cannot be read: write it as postgresql://user:password@host/name.") from error
    # The driver that `pip install fairfight[postgres]` brings.
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgres", "postgresql") else url


def _server(url: URL, *, readonly: bool) -> Engine:
    postgres = url.get_backend_name() == "postgresql"
    options = {"options": "-c default_transaction_read_only=on"} if readonly and postgres else {}
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=options)
    except NoSuchModuleError as error:
        raise UserError(f"Unknown database {url.drivername!r} in --store: use a path or postgresql://….") from error
    except ModuleNotFoundError as error:
        raise UserError(
            f"The store needs {error.name!r}, which is not installed: `pip install fairfight[postgres]`."
        ) from error


def _file(path: Path, *, readonly: bool) -> Engine:
    if path.is_dir():
        raise UserError(f"The store {path} is a folder: name a file in it with --store.")
    if readonly and not path.exists():
        raise UserError(f"There is no store at {path} yet: run `fairfight run` first or name another with --store.")
    if not readonly:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"The folder {path.parent} for the store cannot be made ({error.strerror}): name another with --store."
            ) from error

    def dial_as(mode: str) -> sqlite3.Connection:
        uri = f"file:{quote(str(path))}?{mode}"
        return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)

    def dial() -> sqlite3.Connection:
        if not readonly:
            connection = dial_as("mode=rwc")
            _log_ahead(connection)
            return connection
        connection = dial_as("mode=ro")
        try:
            connection.execute("PRAGMA schema_version")
        except sqlite3.OperationalError:
            # Readers of a log share memory through a file beside the store; a folder that no one can write to has
            # no log either, where the last writer ended well.
            connection.close()
            if path.with_name(f"{path.name}-wal").exists():
                raise
            connection = dial_as("mode=ro&immutable=1")
        return connection

    return _prepare(create_engine("sqlite://", creator=dial, poolclass=QueuePool))


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Journal by a write-ahead log: a put costs no wait for the disk, and a killed process loses nothing it put."""
    try:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        # Another process is making the same change.
        if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise


def _prepare(engine: Engine) -> Engine:
    """SQLite's settings, by the recipe of SQLAlchemy's manual for transactions that really begin."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A writer takes its lock at once: two that read first and write later would deadlock.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
