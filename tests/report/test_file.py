from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from fairfight.errors import UserError
from fairfight.report import file
from fairfight.report.file import is_current, write

EMPTY: tuple[Any, ...] = ([], [], [], [], [])
WORDS = {"title": "t", "command": "c"}


def test_a_report_is_known_again_by_its_fingerprint(report: Path) -> None:
    assert is_current(report, "abc")
    assert not is_current(report, "abd")
    assert not is_current(report, "")
    assert not is_current(report.with_name("missing.html"), "abc")


def test_a_page_of_another_version_is_not_current(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairfight.report.versions.LAYOUT", -1)
    assert not is_current(report, "abc")


def test_writing_leaves_one_file_with_ordinary_rights(tmp_path: Path) -> None:
    path = write(tmp_path / "r.html", *EMPTY, **WORDS)
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="choose another place"):
        write(tmp_path / "no" / "r.html", *EMPTY, **WORDS)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name a file in it"):
        write(tmp_path, *EMPTY, **WORDS)


def test_a_full_disk_leaves_the_old_report_whole(tmp_path: Path, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.html"
    shutil.copy(report, path)
    before = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file.Path, "write_bytes", full)
    with pytest.raises(UserError, match="No space left"):
        write(path, *EMPTY, **WORDS)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]
