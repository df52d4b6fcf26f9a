"""What can go wrong with a database, said in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from fairfight.errors import UserError

SENTENCES = {
    "SQLITE_FULL": "The disk that holds the store {place} is full: free some space or name another with --store.",
    "SQLITE_READONLY": "The store {place} is read-only: make it and its folder writable or name another with --store.",
    "SQLITE_PERM": "The store {place} may not be opened by you: mend its permissions or name another with --store.",
    "SQLITE_CANTOPEN": "The store {place} cannot be opened: make its folder writable or name another with --store.",
    "SQLITE_NOTADB": "The file {place} is not a store (no SQLite database): name another with --store.",
    "SQLITE_CORRUPT": "The store {place} is damaged: restore a copy or name a new one with --store.",
    "SQLITE_BUSY": "The store {place} stayed locked by another process: wait for it or end it, then run again.",
    "SQLITE_IOERR": "The store {place} cannot be read or written (disk error): name another with --store.",
}
"""By SQLite's primary result code; the extended ones begin with it."""

POSTGRES = {"25006": "SQLITE_READONLY", "42501": "SQLITE_PERM", "53100": "SQLITE_FULL", "55P03": "SQLITE_BUSY"}
"""PostgreSQL's states that mean the same as one of SQLite's codes."""


def sqlite_code(error: DBAPIError) -> str:
    """SQLite's name of the error ("SQLITE_BUSY_SNAPSHOT"); empty for other databases."""
    return str(getattr(error.orig, "sqlite_errorname", "") or "")


def is_passing(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed on a second try: a lock, a deadlock, a lost race."""
    sqlstate = str(getattr(error.orig, "sqlstate", "") or "")
    return sqlite_code(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or sqlstate in ("40001", "40P01")


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn a database's errors into UserErrors.

    Args:
        place: The store as a user named it, without a password.
    """
    try:
        yield
    except DBAPIError as error:
        code = sqlite_code(error) or POSTGRES.get(str(getattr(error.orig, "sqlstate", "")), "")
        for name, sentence in SENTENCES.items():
            if code.startswith(name):
                raise UserError(sentence.format(place=place)) from error
        if error.connection_invalidated or "connect" in str(error.orig).lower():
            raise UserError(
                f"The store {place} cannot be reached: check host, port, name and password in --store."
            ) from error
        said = " ".join(str(error.orig).split())
        raise UserError(f"The store {place} refused ({said}): name another with --store.") from error
