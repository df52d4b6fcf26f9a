"""Bringing a store of an earlier layout to the present one, a version at a time, each in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sqlalchemy import Connection, insert, inspect, select, text, update

from fairfight.arena.store import schema
from fairfight.errors import UserError


def _from_1(connection: Connection) -> None:
    """Version 1 knew one suite a match, and neither Fairfight's version nor revisions."""
    for statement in (
        "ALTER TABLE matches ADD COLUMN version TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE entries (match_id VARCHAR(16) NOT NULL REFERENCES matches (id), suite VARCHAR(64) NOT NULL, "
        "case_name TEXT NOT NULL, PRIMARY KEY (match_id, suite))",
        "CREATE INDEX entries_by_suite ON entries (suite)",
        "INSERT INTO entries (match_id, suite, case_name) SELECT id, suite, case_name FROM matches",
        "CREATE TABLE revisions (suite VARCHAR(64) NOT NULL PRIMARY KEY, revision BIGINT NOT NULL)",
    ):
        # Written out, not made from ``schema``: that one moves on.
        connection.execute(text(statement))


def _from_2(connection: Connection) -> None:
    """Version 2 tuned for vision and language together."""
    connection.execute(text("ALTER TABLE tunings ADD COLUMN modality TEXT NOT NULL DEFAULT ''"))


def _from_3(connection: Connection) -> None:
    """Version 3 knew one budget a contender."""
    connection.execute(text("ALTER TABLE tunings ADD COLUMN budget TEXT NOT NULL DEFAULT 'default'"))


def _from_4(connection: Connection) -> None:
    """Version 4 kept nothing of a submission but its figures."""
    columns = "match_id VARCHAR(16) NOT NULL PRIMARY KEY REFERENCES matches (id), shown TEXT NOT NULL"
    connection.execute(text(f"CREATE TABLE sights ({columns})"))


STEPS: dict[int, Callable[[Connection], None]] = {1: _from_1, 2: _from_2, 3: _from_3, 4: _from_4}
"""By the version that they start from."""


def version_of(connection: Connection, place: str) -> int | None:
    """The store's version; None for an empty database.

    Raises:
        UserError: The database holds something else.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    found = None
    if "meta" in tables and "matches" in tables:
        query = select(schema.meta.c.value).where(schema.meta.c.key == "version")
        found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise UserError(f"The database {place} holds other tables than a store's: name another with --store.")
    return int(found)


def create(connection: Connection) -> None:
    """An empty store in the present layout."""
    schema.metadata.create_all(connection, checkfirst=False)
    rows = [{"key": "version", "value": str(schema.VERSION)}, {"key": "store", "value": uuid.uuid4().hex}]
    connection.execute(insert(schema.meta), rows)


def migrate(connection: Connection, version: int) -> None:
    """From ``version`` to the present layout."""
    for step in range(version, schema.VERSION):
        STEPS[step](connection)
    query = update(schema.meta).where(schema.meta.c.key == "version").values(value=str(schema.VERSION))
    connection.execute(query)


def check(version: int | None, place: str, *, readonly: bool) -> bool:
    """Whether the store must be created or migrated first.

    Raises:
        UserError: It is newer than this Fairfight, or must be changed and may not be.
    """
    if version is not None and version > schema.VERSION:
        raise UserError(
            f"The store {place} was written by a newer Fairfight (layout {version}, this one knows {schema.VERSION}): "
            "upgrade Fairfight or name another with --store."
        )
    if readonly and version is None:
        raise UserError(f"There is no store at {place} yet: run `fairfight run` first or name another with --store.")
    if readonly and version != schema.VERSION:
        raise UserError(f"The store {place} has an earlier layout ({version}): open it once where it may be written.")
    return version != schema.VERSION
