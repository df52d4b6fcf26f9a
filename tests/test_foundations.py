"""Identity by content, the cache of folders, seeds, errors, and how cheap the package is to import."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from fairfight.content import cache_root, cached_folder, canonical, content_id
from fairfight.errors import UserError, unknown
from fairfight.seeds import derive, numpy_rng, torch_rng


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRFIGHT_CACHE", str(tmp_path / "cache"))


@dataclass
class Point:
    x: int
    y: int


def test_equal_content_has_one_identity_whatever_its_order() -> None:
    assert content_id({"a": 1, "b": [1, 2]}) == content_id({"b": (1, 2), "a": 1})
    assert content_id(Point(1, 2)) == content_id({"y": 2, "x": 1})
    assert content_id({"a": 1}) != content_id({"a": 2})
    assert canonical({3, 1, 2}) == "[1,2,3]"


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical(object())
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))


def test_a_folder_is_made_once_even_by_many_at_a_time() -> None:
    calls = []

    def make(folder: Path) -> None:
        calls.append(1)
        (folder / "x").write_text("made")

    threads = [threading.Thread(target=cached_folder, args=("thing", "abc", make)) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(calls) == 1
    assert (cached_folder("thing", "abc", make) / "x").read_text() == "made"


def test_what_fails_half_way_leaves_nothing() -> None:
    def make(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        cached_folder("thing", "abc", make)
    assert not [p for p in (cache_root() / "thing").iterdir() if p.is_dir()]


def test_a_full_disk_is_a_users_error() -> None:
    def make(folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(UserError, match=r"No space left.*FAIRFIGHT_CACHE"):
        cached_folder("thing", "abc", make)


def test_a_cache_that_is_a_file_is_a_users_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FAIRFIGHT_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(UserError, match="cannot be written"):
        cached_folder("thing", "abc", lambda folder: None)


def test_seeds_branch_and_repeat() -> None:
    assert derive(1, "a", 2) == derive(1, "a", 2)
    assert len({derive(1, "a"), derive(1, "b"), derive(2, "a"), derive("1", "a")}) == 4
    assert numpy_rng(3, "x").random() == numpy_rng(3, "x").random()
    assert torch_rng(3, "x").initial_seed() == derive(3, "x")


def test_an_unknown_name_gets_the_nearest_known() -> None:
    assert "did you mean 'quick'?" in str(unknown("suite", "quik", ["quick", "tour"]))
    assert "known are quick, tour" in str(unknown("suite", "zzz", ["tour", "quick"]))
    assert "none are known" in str(unknown("suite", "zzz", []))


@pytest.mark.parametrize(
    "statement", ["import fairfight", "import fairfight.cli", "from fairfight import api; api.catalogue()"]
)
def test_what_a_user_waits_for_needs_no_torch(statement: str) -> None:
    heavy = ["torch", "transformers", "sklearn", "scipy", "pyod", "optuna", "altair", "numba"]
    check = f"{statement}\nimport sys\nprint([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
