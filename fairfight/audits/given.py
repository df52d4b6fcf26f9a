"""A user's data from files: texts in JSON lines, pictures in folders or in an npz. Nothing in them is trusted.

A row that cannot be used is named by its line or file, and the rest goes on. What is read is bounded before it is read.
"""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fairfight.errors import UserError
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images, Texts
from fairfight.subject.subject import Subject

MOST_ROWS = 5000
"""Rows that are used; what comes after them is not read."""
MOST_BYTES = 4 << 30
"""Of pictures in memory."""
LONGEST_LINE = 1 << 20
LONGEST_TEXT = 128
"""Tokens of a text that are used."""
MOST_PIXELS = 40_000_000
"""Of one picture's file."""
NAMED = 20
"""Bad rows that are named; the others are counted."""
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True)
class Given:
    """Data that can be used, and what a reader must know of those that cannot."""

    clean: Labelled
    notes: tuple[str, ...]


class Refused:
    """Rows that cannot be used, with the reason of each."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.count = 0

    def add(self, where: str, why: str) -> None:
        """One more."""
        self.count += 1
        if len(self.said) < NAMED:
            self.said.append(f"{where} is left out: {why}.")

    def notes(self) -> tuple[str, ...]:
        """For the report."""
        more = self.count - len(self.said)
        return (*self.said, *([f"{more} more rows are left out."] if more else []))


def given(subject: Subject, path: str | Path) -> Given:
    """Data from a file or folder, as the model takes them.

    Args:
        subject: The model that they are for.
        path: ``.jsonl`` with ``text`` and ``label`` (none for a language model: its last token is what should come
            next), a folder of pictures with one folder a class or with a ``labels.csv`` (file, label), or an ``.npz``
            with ``x`` (pictures) and ``y``.

    Raises:
        UserError: There is nothing at the path that can be read, or no row of it can be used.
    """
    path = Path(path)
    if subject.kind == "image-classifier":
        if path.is_dir():
            found = _folder(subject, path)
        elif path.suffix == ".npz" and path.is_file():
            found = _npz(subject, path)
        else:
            raise UserError(f"{path} is no folder of pictures and no .npz: give one of these as --data.")
    elif path.is_file():
        found = _lines(subject, path)
    else:
        raise UserError(f"There is no file {path}: give a .jsonl with a text and a label on every line as --data.")
    if not len(found.clean):
        first = f" {found.notes[0]}" if found.notes else ""
        raise UserError(f"No row of {path} can be used.{first}")
    return found


def _labels(subject: Subject, classes: int, names: Sequence[str] = ()) -> Callable[[Any], int | None]:
    """From what stands in the data to a class: its name, its number, or its place among the names of folders."""
    known = {name: i for i, name in enumerate(subject.classes)}
    known |= {name.lower(): i for name, i in list(known.items()) if name.lower() not in known}
    ordered = {name: i for i, name in enumerate(sorted(names))}

    def label(said: Any) -> int | None:
        if isinstance(said, bool) or not isinstance(said, (str, int)):
            return None
        text = str(said).strip()
        if isinstance(said, str) and (hit := known.get(text, known.get(text.lower()))) is not None:
            return hit
        if text.isdecimal() and len(text) < 8:
            return int(text) if int(text) < classes else None
        return ordered.get(text) if len(ordered) == classes else None

    return label


def _classes(subject: Subject) -> int:
    if subject.kind == "image-classifier":
        return len(subject.classes) or 10**6
    from fairfight.parts.attacks.checking import decisions

    return decisions(subject)


def _lines(subject: Subject, path: Path) -> Given:
    refused = Refused()
    texts: list[str] = []
    said: list[int] = []
    label = _labels(subject, _classes(subject))
    lm = subject.kind == "causal-lm"
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
                if len(texts) >= MOST_ROWS:
                    break
                row, why = _row(raw)
                where = f"Line {number}"
                if row is None:
                    if why:
                        refused.add(where, why)
                    continue
                text, y = row.get("text"), 0 if lm else label(row.get("label"))
                if not isinstance(text, str) or not text.strip():
                    refused.add(where, "it has no text")
                elif y is None:
                    refused.add(where, f"its label {str(row.get('label'))[:40]!r} is none of the model's")
                else:
                    texts.append(text)
                    said.append(y)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): give a file that can.") from error
    if not texts:
        return Given(
            Labelled(Texts(torch.zeros(0, 1).long(), torch.zeros(0, 1).long()), torch.zeros(0).long()), refused.notes()
        )
    encoded = subject.encode(texts)
    encoded = Texts(encoded.ids[:, :LONGEST_TEXT], encoded.mask[:, :LONGEST_TEXT])
    return Given(_next(encoded) if lm else Labelled(encoded, torch.tensor(said)), refused.notes())


def _row(raw: bytes) -> tuple[dict[str, Any] | None, str]:
    if len(raw) >= LONGEST_LINE:
        return None, "it is longer than a megabyte"
    if not raw.strip():
        return None, ""
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        return None, "it is no JSON"
    return (row, "") if isinstance(row, dict) else (None, "it is no JSON object")


def _next(texts: Texts) -> Labelled:
    """Texts without their last token, which should come next."""
    long = torch.nonzero(texts.mask.sum(1) >= 3).flatten()
    texts = texts[long]
    end = texts.mask.sum(1) - 1
    rows = torch.arange(len(end))
    mask = texts.mask.clone()
    mask[rows, end] = 0
    return Labelled(Texts(texts.ids * mask, mask), texts.ids[rows, end])


def _folder(subject: Subject, path: Path) -> Given:
    refused = Refused()
    root = path.resolve()
    names = sorted(d.name for d in path.iterdir() if d.is_dir() and not d.is_symlink())
    listed = path / "labels.csv"
    rows: list[tuple[str, Any]] = []
    if listed.is_file():
        with listed.open(newline="", encoding="utf-8", errors="replace") as file:
            for number, row in enumerate(csv.reader(file), 1):
                if len(row) < 2:
                    refused.add(f"Line {number} of labels.csv", "it has no file and label")
                elif not (number == 1 and row[0].strip().lower() in ("file", "path", "name", "image")):
                    rows.append((row[0].strip(), row[1].strip()))
    else:
        found = [sorted(f.name for f in os.scandir(path / n) if f.name.lower().endswith(ENDINGS)) for n in names]
        # Classes in turn, so that a cut leaves some of each.
        for turn in zip_longest(*found):
            rows += [(f"{name}/{file}", name) for name, file in zip(names, turn, strict=True) if file is not None]
    label = _labels(subject, _classes(subject), names)
    size = _size(subject)
    pixels, labels = [], []
    for name, said in rows[:MOST_ROWS]:
        y = label(said)
        if y is None:
            refused.add(f"The file {name[:80]!r}", f"{str(said)[:40]!r} is none of the model's classes")
            continue
        picture = _picture(root, name, size, refused)
        if picture is not None:
            pixels.append(picture)
            labels.append(y)
    return Given(_stacked(pixels, labels, size), refused.notes())


def _size(subject: Subject) -> tuple[int, int, int]:
    """Channels, height and width that the model takes."""
    from fairfight.subject.checking import image_shape

    shape = image_shape(subject.module)
    if shape is None:
        raise UserError(f"The input shape of {subject.name} cannot be known: use ff.audit in Python with pictures.")
    return shape[0], shape[1], shape[2]


def _picture(root: Path, name: str, size: tuple[int, int, int], refused: Refused) -> np.ndarray | None:
    from PIL import Image

    place = (root / name).resolve()
    if not place.is_relative_to(root):
        refused.add(f"The file {name[:80]!r}", "it lies outside the folder")
        return None
    channels, height, width = size
    try:
        with Image.open(place, formats=("PNG", "JPEG", "BMP", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                refused.add(f"The file {name[:80]!r}", f"it has more than {MOST_PIXELS} pixels")
                return None
            made = picture.convert("L" if channels == 1 else "RGB")
            if made.size != (width, height):
                made = made.resize((width, height), Image.Resampling.BILINEAR)
            found = np.asarray(made, dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        refused.add(f"The file {name[:80]!r}", f"it is no picture that can be read ({type(error).__name__})")
        return None
    return found[None] if channels == 1 else found.transpose(2, 0, 1)


def _stacked(pixels: list[np.ndarray], labels: list[int], size: tuple[int, int, int]) -> Labelled:
    stacked = np.stack(pixels) if pixels else np.zeros((0, *size), np.uint8)
    return Labelled(Images(torch.from_numpy(stacked).float() / 255), torch.tensor(labels, dtype=torch.long))


def _npz(subject: Subject, path: Path) -> Given:
    channels, height, width = _size(subject)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(f.file_size for f in archive.infolist()) > MOST_BYTES:
                raise UserError(f"{path} would need more than {MOST_BYTES >> 30} GiB of memory: give fewer pictures.")
        with np.load(path, allow_pickle=False) as z:
            x, y = z["x"][:MOST_ROWS], z["y"][:MOST_ROWS]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is no npz with pictures x and labels y: save one with numpy.savez.") from error
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and x.shape[-1] == channels and x.shape[1] != channels:
        x = x.transpose(0, 3, 1, 2)
    if x.shape[1:] != (channels, height, width) or len(x) != len(y) or y.ndim != 1 or y.dtype.kind not in "iu":
        raise UserError(
            f"{path} holds pictures of shape {list(x.shape[1:])} and labels of shape {list(y.shape)}: the model takes "
            f"{channels}×{height}×{width}, with one whole number a picture."
        )
    pixels = x.astype(np.float32) / (255 if x.dtype == np.uint8 else 1)
    refused = Refused()
    fine = np.isfinite(pixels).all((1, 2, 3)) & (pixels.min((1, 2, 3)) >= 0) & (pixels.max((1, 2, 3)) <= 1)
    known = (y >= 0) & (y < _classes(subject))
    for i in np.flatnonzero(~(fine & known)).tolist():
        refused.add(f"Row {i}", "its label is none of the model's" if fine[i] else "its pixels are not between 0 and 1")
    kept = torch.from_numpy(np.flatnonzero(fine & known))
    return Given(
        Labelled(Images(torch.from_numpy(pixels)[kept]), torch.from_numpy(y.astype(np.int64))[kept]), refused.notes()
    )
