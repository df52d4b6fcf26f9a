"""Data from files: what is broken is named and left out, what is hostile does nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fairfight.audits.given import LONGEST_LINE, given
from fairfight.errors import UserError
from fairfight.subject.subject import Subject
from tests.audit.models import pair


@pytest.fixture
def pictures() -> Subject:
    return pair("digits")[1]


@pytest.fixture
def texts() -> Subject:
    return pair("reviews")[1]


def test_bad_lines_are_named_and_the_rest_goes_on(texts: Subject, tmp_path: Path) -> None:
    good = json.dumps({"text": "the baker was splendid", "label": texts.classes[0]})
    bad = ["{broken", '"text"', json.dumps({"label": 0}), json.dumps({"text": "a", "label": "no such"}), "[" * 100_000]
    more = json.dumps({"text": "the stew was very bad", "label": 1})
    rows = [good, *bad, more, "", "x" * (LONGEST_LINE + 10), good]
    file = tmp_path / "d.jsonl"
    file.write_text("\n".join(rows))
    found = given(texts, file)
    assert found.clean.labels.tolist() == [0, 1, 0]
    said = " ".join(found.notes)
    for line in (2, 3, 4, 5, 6, 9):
        assert f"Line {line} " in said


def test_no_usable_row_is_a_sentence(texts: Subject, tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    file.write_text('{"text": ""}\n')
    with pytest.raises(UserError, match=r"No row .* can be used. Line 1"):
        given(texts, file)
    with pytest.raises(UserError, match="There is no file"):
        given(texts, tmp_path / "none.jsonl")


def test_a_folder_of_pictures(pictures: Subject, tmp_path: Path) -> None:
    for digit in range(10):
        (tmp_path / str(digit)).mkdir()
        for i in range(3):
            Image.fromarray(np.full((20, 20), 25 * digit, np.uint8)).save(tmp_path / str(digit) / f"{i}.png")
    (tmp_path / "3" / "bad.png").write_bytes(b"no picture")
    (tmp_path / "4" / "out.png").symlink_to("/etc/hostname")
    found = given(pictures, tmp_path)
    assert len(found.clean) == 30
    assert tuple(found.clean.inputs.pixels.shape[1:]) == (1, 16, 16)  # type: ignore[union-attr]
    assert set(found.clean.labels.tolist()) == set(range(10))
    said = " ".join(found.notes)
    assert "bad.png" in said
    assert "lies outside the folder" in said


def test_names_in_a_list_cannot_leave_the_folder(pictures: Subject, tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    picture = Image.fromarray(np.zeros((16, 16), np.uint8))
    picture.save(tmp_path / "secret.png")
    picture.save(inside / "a.png")
    (inside / "labels.csv").write_text("file,label\na.png,3\n../secret.png,3\n/etc/passwd,3\na.png,99\n")
    found = given(pictures, inside)
    assert found.clean.labels.tolist() == [3]
    assert sum("lies outside" in note for note in found.notes) == 2


def test_npz(pictures: Subject, tmp_path: Path) -> None:
    file = tmp_path / "d.npz"
    x, y = np.zeros((5, 16, 16), np.uint8), np.array([0, 1, 2, 3, 77])
    np.savez(file, x=x, y=y)
    found = given(pictures, file)
    assert found.clean.labels.tolist() == [0, 1, 2, 3]
    assert "Row 4" in found.notes[0]
    np.savez(file, x=np.array([object()], dtype=object), y=y)
    with pytest.raises(UserError, match="no npz"):
        given(pictures, file)
    np.savez(file, x=np.zeros((5, 3, 8, 8)), y=y)
    with pytest.raises(UserError, match="the model takes 1×16×16"):
        given(pictures, file)
