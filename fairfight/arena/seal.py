"""Seals: the scored cases committed as a hash before the contenders are fixed, revealed after."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fairfight.arena.records import SealRecord
from fairfight.content import canonical, data_root
from fairfight.tasks.registry import Contender
from fairfight.tasks.task import CaseSpec, Task

PUBLIC_SECRET = "fairfight public draw 1"
"""The draw that everybody has. A fresh one shows that nobody fitted a contender to it."""


def now() -> str:
    """This moment in UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def commitment(task: str, suite: str, secret: str, specs: Sequence[CaseSpec]) -> str:
    """SHA-256 (hex) over the secret and the identities of the scored cases."""
    cases = sorted(s.id for s in specs if s.split == "scored")
    return hashlib.sha256(canonical([task, suite, secret, cases]).encode()).hexdigest()


def draw_secret() -> str:
    """A fresh secret that cannot be guessed."""
    return secrets.token_hex(16)


def _hidden(commit: str) -> Path:
    return data_root() / "seals" / commit


def hide(commit: str, secret: str) -> None:
    """Keep a secret in a file that only its owner can read, so that a killed run can go on."""
    path = _hidden(commit)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(secret)


def hidden(commit: str) -> str | None:
    """The secret of a seal that was not revealed yet, if this machine keeps it."""
    path = _hidden(commit)
    return path.read_text() if path.exists() else None


def forget(commit: str) -> None:
    """Remove the hidden copy of a secret that has been revealed."""
    _hidden(commit).unlink(missing_ok=True)


def seal(task: Task, suite: str, secret: str, field: Sequence[Contender]) -> SealRecord:
    """The seal of a task's cases in a suite, not yet revealed unless the draw is public."""
    public = secret == PUBLIC_SECRET
    return SealRecord(
        commitment=commitment(task.name, suite, secret, task.specs(suite, secret)),
        task=task.name,
        suite=suite,
        secret=secret if public else None,
        committed=now(),
        revealed=None,
        drawn="public" if public else "fresh",
        contenders={c.name: c.fingerprint for c in field},
    )


def holds(record: SealRecord, task: Task) -> bool:
    """Whether the revealed secret gives the committed hash again."""
    if record.secret is None:
        return False
    return commitment(record.task, record.suite, record.secret, task.specs(record.suite, record.secret)) == (
        record.commitment
    )
