"""The tables of the store, in its present layout.

A match is kept once, under the content of all that decides its result. Which suites asked for it is kept apart, in
``entries``: ``tour`` and ``quick`` may share cases, and then share the match without fighting it twice.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = 5
"""Of this layout. Raise it together with a step in ``migrations``."""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

matches = Table(
    "matches",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("task", Text, nullable=False),
    # The suite that asked first, and what it calls the case.
    Column("suite", Text, nullable=False),
    Column("case_id", String(16), nullable=False),
    Column("case_name", Text, nullable=False),
    Column("contender", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("budget", Text, nullable=False),
    Column("trials", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("metrics", Text, nullable=False),
    Column("cost", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("started", Text, nullable=False),
    Column("version", Text, nullable=False, server_default=""),
)

sights = Table(
    "sights",
    metadata,
    Column("match_id", String(16), ForeignKey("matches.id"), primary_key=True),
    # What a person should see of a submission: large, and read for reports only.
    Column("shown", Text, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("match_id", String(16), ForeignKey("matches.id"), primary_key=True),
    Column("suite", String(64), primary_key=True),
    Column("case_name", Text, nullable=False),
    Index("entries_by_suite", "suite"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("suite", String(64), primary_key=True),
    Column("task", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("split", Text, nullable=False),
    Column("modality", Text, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("void", Text),
    Column("exhibit", Text),
    Column("build_seconds", Float(53), nullable=False),
)

seals = Table(
    "seals",
    metadata,
    Column("commitment", String(64), primary_key=True),
    Column("task", Text, nullable=False),
    Column("suite", Text, nullable=False),
    Column("secret", Text),
    Column("committed", Text, nullable=False),
    Column("revealed", Text),
    Column("drawn", Text, nullable=False),
    Column("contenders", Text, nullable=False),
)

tunings = Table(
    "tunings",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("task", Text, nullable=False),
    Column("suite", Text, nullable=False),
    Column("contender", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("trials", Text, nullable=False),
    Column("cost", Text, nullable=False),
    Column("modality", Text, nullable=False, server_default=""),
    Column("budget", Text, nullable=False, server_default="default"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("options", Text, nullable=False),
    Column("versions", Text, nullable=False),
    Column("cores", Integer, nullable=False),
    Column("started", Text, nullable=False),
    Column("ended", Text),
)

revisions = Table(
    "revisions",
    metadata,
    Column("suite", String(64), primary_key=True),
    # Counts what changed: an equal revision means that a report on the suite is still right.
    Column("revision", BigInteger, nullable=False),
)
