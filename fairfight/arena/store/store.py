"""The store: put a record, get records. Each put is its own transaction, done when the call returns."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from fairfight.arena.records import CaseRecord, MatchPlan, MatchRecord, SealRecord, TuningRecord
from fairfight.arena.store import migrations, schema
from fairfight.arena.store import rows as as_rows
from fairfight.arena.store.connect import connect
from fairfight.arena.store.errors import explained, is_passing
from fairfight.arena.store.rows import RunRecord
from fairfight.content import content_id
from fairfight.errors import UserError

T = TypeVar("T")

CHUNK = 500
"""Ids a query; SQLite takes 999 variables in its oldest builds."""
ATTEMPTS = 5


class Store:
    """All matches ever run, with the cases, seals, tunings and runs that they belong to."""

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        self.place = place
        """The store as messages name it."""

    @classmethod
    def open(cls, store: str | Path | None = None, *, readonly: bool = False) -> Store:
        """Open a store; make it where there is none, migrate it where it has an earlier layout.

        Args:
            store: A path of an SQLite file, a database URL, or None for ``store.db`` in the user's data folder.
            readonly: Never create, migrate or write.

        Raises:
            UserError: It cannot be reached, read or written, is no store, or was written by a newer Fairfight.
        """
        engine, place = connect(store, readonly=readonly)
        self = cls(engine, place)
        try:
            if migrations.check(self._read(lambda c: migrations.version_of(c, place)), place, readonly=readonly):
                self._write(self._bring_up)
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # Matches

    def put_match(self, record: MatchRecord) -> bool:
        """Store a match, once: True where it is new; one that is there stays as it is.

        Either way it is entered for the record's suite.
        """
        row = as_rows.match_row(record)

        def work(connection: Connection) -> bool:
            new = _insert_once(connection, schema.matches, "id", row)
            if new and record.shown is not None:
                seen = {"match_id": row["id"], "shown": as_rows.dumps(record.shown)}
                _insert_once(connection, schema.sights, "match_id", seen)
            _enter(connection, [(row["id"], record.plan)])
            return new

        return self._write(work)

    def enter(self, plans: Iterable[MatchPlan]) -> None:
        """Say that the plans' suites ask for these matches. Those not stored yet are passed over."""
        wanted = {plan.id: plan for plan in plans}
        there = self.known(wanted)
        self._write(lambda c: _enter(c, [(key, wanted[key]) for key in sorted(there)]))

    def known(self, ids: Iterable[str]) -> set[str]:
        """Those of the ids whose matches are stored."""
        column = schema.matches.c.id

        def work(connection: Connection) -> set[str]:
            found: set[str] = set()
            for chunk in _chunks(ids):
                found.update(connection.scalars(select(column).where(column.in_(chunk))))
            return found

        return self._read(work)

    def sights(self, suite: str) -> dict[str, dict[str, Any]]:
        """What a person should see of the submissions of a suite's matches, by id; only of those that have it."""
        s, e = schema.sights.c, schema.entries.c
        rows = self._rows(select(s.match_id, s.shown).where(s.match_id == e.match_id, e.suite == suite))
        return {key: json.loads(shown) for key, shown in rows}

    def match(self, id_prefix: str) -> MatchRecord:
        """The match whose id begins so, as the first suite that asked for it calls it.

        Raises:
            UserError: None or several do.
        """
        m = schema.matches.c
        query = select(m.suite, m.case_name, *as_rows.MATCH_COLUMNS).order_by(m.id).limit(2)
        found = self._rows(query.where(m.id.startswith(id_prefix, autoescape=True)))
        if not id_prefix or not found:
            raise UserError(
                f"No match in {self.place} has an id that begins with {id_prefix!r}: the report has all ids."
            )
        if len(found) > 1:
            raise UserError(f"Several matches have an id that begins with {id_prefix!r}: give more of its digits.")
        return as_rows.match_of(found[0])

    def matches(
        self, task: str | None = None, suite: str | None = None, ids: Iterable[str] | None = None
    ) -> list[MatchRecord]:
        """Stored matches, in an order that does not depend on when they were run.

        A match that two suites asked for comes once for each, under that suite and its name of the case, unless
        ``suite`` chooses one: group by ``record.plan.suite`` before you average.
        """
        e, m = schema.entries.c, schema.matches.c
        query = select(e.suite, e.case_name, *as_rows.MATCH_COLUMNS).join_from(schema.entries, schema.matches)
        if task is not None:
            query = query.where(m.task == task)
        if suite is not None:
            query = query.where(e.suite == suite)
        with _collecting_no_garbage():
            if ids is None:
                found = self._rows(query)
            else:
                found = [row for chunk in _chunks(ids) for row in self._rows(query.where(m.id.in_(chunk)))]
            # Task, suite, case name, contender, seed; parameters, budget and fingerprint where these are equal.
            found.sort(key=lambda r: (r[2], r[0], r[1], r[4], r[8], r[7], r[9], r[6], r[10]))
            return [as_rows.match_of(row) for row in found]

    # Cases, seals, tunings, runs

    def put_case(self, record: CaseRecord) -> None:
        """Store a case of a suite, in place of what was known of it."""
        row = as_rows.case_row(record)
        c = schema.cases.c

        def work(connection: Connection) -> None:
            this = (c.id == record.id) & (c.suite == record.suite)
            old = connection.execute(select(schema.cases).where(this)).mappings().one_or_none()
            # A rebuild that differs in nothing but time is no news.
            if old is not None and {**old, "build_seconds": 0} == {**row, "build_seconds": 0}:
                return
            connection.execute(schema.cases.delete().where(this))
            connection.execute(insert(schema.cases), row)
            _revise(connection, record.suite)

        self._write(work)

    def cases(self, task: str | None = None, suite: str | None = None) -> list[CaseRecord]:
        """Stored cases by task, suite and name."""
        return [
            as_rows.case_of(row) for row in self._select(schema.cases, ("task", "suite", "name", "id"), task, suite)
        ]

    def put_seal(self, record: SealRecord) -> bool:
        """Store a commitment, once: True where it is new."""

        def work(connection: Connection) -> bool:
            new = _insert_once(connection, schema.seals, "commitment", as_rows.seal_row(record))
            if new:
                _revise(connection, record.suite)
            return new

        return self._write(work)

    def reveal_seal(self, commitment: str, secret: str, revealed: str) -> SealRecord:
        """Write the secret beside its commitment. What was revealed stays as it was.

        Args:
            commitment: The seal's hash.
            secret: What it was drawn from; that it fits the hash is the caller's to check.
            revealed: When (UTC, ISO 8601).

        Raises:
            UserError: There is no such seal.
        """
        c = schema.seals.c

        def work(connection: Connection) -> SealRecord | None:
            row = connection.execute(select(schema.seals).where(c.commitment == commitment)).mappings().one_or_none()
            if row is None:
                return None
            seal = as_rows.seal_of(dict(row))
            if seal.revealed is None:
                seal = replace(seal, secret=secret, revealed=revealed)
                values = {"secret": secret, "revealed": revealed}
                connection.execute(update(schema.seals).where(c.commitment == commitment).values(values))
                _revise(connection, seal.suite)
            return seal

        seal = self._write(work)
        if seal is None:
            raise UserError(f"The store {self.place} holds no commitment {commitment!r}: was it made in another store?")
        return seal

    def seals(self, task: str | None = None, suite: str | None = None) -> list[SealRecord]:
        """Stored commitments, the latest last."""
        rows = self._select(schema.seals, ("committed", "commitment"), task, suite)
        return [as_rows.seal_of(row) for row in rows]

    def put_tuning(self, record: TuningRecord) -> bool:
        """Store what tuning chose, once: True where it is new."""

        def work(connection: Connection) -> bool:
            new = _insert_once(connection, schema.tunings, "key", as_rows.tuning_row(record))
            if new:
                _revise(connection, record.suite)
            return new

        return self._write(work)

    def tuning(self, key: str) -> TuningRecord | None:
        """The tuning under this key, if it was done."""
        query = select(schema.tunings).where(schema.tunings.c.key == key)
        row = self._read(lambda c: c.execute(query).mappings().one_or_none())
        return None if row is None else as_rows.tuning_of(dict(row))

    def tunings(self, task: str | None = None, suite: str | None = None) -> list[TuningRecord]:
        """Stored tunings by task, suite and contender."""
        rows = self._select(schema.tunings, ("task", "suite", "contender", "key"), task, suite)
        return [as_rows.tuning_of(row) for row in rows]

    def put_run(self, record: RunRecord) -> None:
        """Store a run, or its end where its beginning is stored."""
        row = as_rows.run_row(record)

        def work(connection: Connection) -> None:
            if not _insert_once(connection, schema.runs, "id", row):
                connection.execute(update(schema.runs).where(schema.runs.c.id == record.id).values(row))

        self._write(work)

    def runs(self) -> list[RunRecord]:
        """Stored runs, the latest last."""
        return [as_rows.run_of(row) for row in self._select(schema.runs, ("started", "id"))]

    def fingerprint(self, suite: str | None = None) -> str:
        """Changes when, and only when, matches, cases, seals or tunings (of the suite) do. Runs do not count."""
        r = schema.revisions
        query = select(r.c.suite, r.c.revision).order_by(r.c.suite)
        if suite is not None:
            query = query.where(r.c.suite == suite)
        store = self._rows(select(schema.meta.c.value).where(schema.meta.c.key == "store"))
        return content_id([list(row) for row in store], [list(row) for row in self._rows(query)])

    # Transactions

    def _read(self, work: Callable[[Connection], T]) -> T:
        with explained(self.place), self._engine.connect() as connection:
            return work(connection)

    def _write(self, work: Callable[[Connection], T]) -> T:
        with explained(self.place):
            for attempt in range(ATTEMPTS):
                try:
                    with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
                        return work(connection)
                # Another process was faster: what it wrote is seen on the next try.
                except (IntegrityError, OperationalError) as error:
                    lost_race = isinstance(error, IntegrityError) or is_passing(error)
                    if not lost_race or attempt == ATTEMPTS - 1:
                        raise
                    time.sleep(0.05 * 2**attempt)
        raise AssertionError("unreachable")

    def _bring_up(self, connection: Connection) -> None:
        # Asked again inside the writing transaction: another process may have done it meanwhile.
        version = migrations.version_of(connection, self.place)
        if version is None:
            migrations.create(connection)
        elif version < schema.VERSION:
            migrations.migrate(connection, version)

    def _rows(self, query: Select[Any]) -> list[Sequence[Any]]:
        return self._read(lambda connection: list(connection.execute(query).all()))

    def _select(
        self, table: Table, order: Sequence[str], task: str | None = None, suite: str | None = None
    ) -> list[Mapping[str, Any]]:
        query = select(table).order_by(*(table.c[name] for name in order))
        if task is not None:
            query = query.where(table.c.task == task)
        if suite is not None:
            query = query.where(table.c.suite == suite)
        return self._read(lambda connection: [dict(row) for row in connection.execute(query).mappings()])


@contextmanager
def _collecting_no_garbage() -> Iterator[None]:
    """Many new objects and no dead ones: the collector would look through them all again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    unique = iter(dict.fromkeys(ids))
    while chunk := list(islice(unique, CHUNK)):
        yield chunk


def _insert_once(connection: Connection, table: Table, key: str, row: dict[str, Any]) -> bool:
    if connection.scalar(select(func.count()).select_from(table).where(table.c[key] == row[key])):
        return False
    connection.execute(insert(table), row)
    return True


def _enter(connection: Connection, wanted: Sequence[tuple[str, MatchPlan]]) -> None:
    changed = set()
    for match_id, plan in wanted:
        e = schema.entries.c
        here = (e.match_id == match_id) & (e.suite == plan.suite)
        if not connection.scalar(select(func.count()).select_from(schema.entries).where(here)):
            row = {"match_id": match_id, "suite": plan.suite, "case_name": plan.case_name}
            connection.execute(insert(schema.entries), row)
            changed.add(plan.suite)
    # In one order everywhere, so that two writers on PostgreSQL never wait for each other.
    for suite in sorted(changed):
        _revise(connection, suite)


def _revise(connection: Connection, suite: str) -> None:
    r = schema.revisions
    bumped = connection.execute(update(r).where(r.c.suite == suite).values(revision=r.c.revision + 1))
    if bumped.rowcount == 0:
        connection.execute(insert(r), {"suite": suite, "revision": 1})
