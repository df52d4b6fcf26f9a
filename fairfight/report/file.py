"""The report as a file: written whole or not at all, and known again when nothing has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairfight.content import write_whole
from fairfight.errors import UserError
from fairfight.report.versions import mark

if TYPE_CHECKING:
    from fairfight.arena.records import CaseRecord, MatchRecord, SealRecord, TuningRecord
    from fairfight.verdict.records import Verdict

HEAD = 4096
"""The mark is within this many bytes of the beginning."""


def write(
    path: str | Path,
    verdicts: Sequence[Verdict],
    matches: Sequence[MatchRecord],
    cases: Sequence[CaseRecord],
    seals: Sequence[SealRecord],
    tunings: Sequence[TuningRecord],
    *,
    title: str,
    command: str,
    fingerprint: str = "",
    sights: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """Write the page of :func:`fairfight.report.page.html` (same arguments) to ``path`` and give the path back.

    The old file stays whole until the new one takes its place.

    Raises:
        UserError: The folder is missing, cannot be written or is full.
    """
    from fairfight.report.page import html

    path = Path(path)
    if path.is_dir():
        raise UserError(f"The report cannot be written to {path}, which is a folder: name a file in it.")
    records = (verdicts, matches, cases, seals, tunings)
    text = html(*records, title=title, command=command, fingerprint=fingerprint, sights=sights)
    put(path, text)
    return path


def put(path: Path, text: str) -> None:
    """The text as a file; the old one stays whole until the new one takes its place.

    Raises:
        UserError: The folder is missing, cannot be written or is full.
    """
    try:
        write_whole(path, text.encode("utf-8", errors="backslashreplace"))
    except OSError as error:
        raise UserError(
            f"The report cannot be written to {path} ({error.strerror or error}): choose another place for it."
        ) from error


def is_current(path: str | Path, fingerprint: str) -> bool:
    """Whether the file at ``path`` is a report of exactly that content, written by this version of Fairfight."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return bool(fingerprint) and f'name="fairfight-mark" content="{mark(fingerprint)}"'.encode() in head
