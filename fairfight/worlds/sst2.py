"""The world ``sst2``: sentences of film reviews, negative or positive (Socher et al. 2013), to a real encoder.

The short half of the sentences, so that an organism takes a minute or two. Subjects are trained on the official
training set; the held-out pool is drawn from the official development and test sets together.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from fairfight.worlds.minilm import FROZEN, Labelled, LabelledTexts, distinct
from fairfight.worlds.sources import folder
from fairfight.worlds.world import Schedule

WORDS = range(4, 21)
"""How many words a sentence has."""


@cache
def _read() -> tuple[list[Labelled], list[Labelled]]:
    where = folder("text/sst2")
    train = _rows(where / "train.tsv")
    seen = {text for text, _ in train}
    held_out = [row for file in ("dev.tsv", "test.tsv") for row in _rows(where / file)]
    return train, distinct([row for row in held_out if row[0] not in seen])


def _rows(file: Path) -> list[Labelled]:
    with open(file, encoding="utf-8", newline="") as lines:
        rows = [(text, int(label)) for text, label in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return distinct([row for row in rows if len(row[0].split()) in WORDS])


WORLD = LabelledTexts(
    name="sst2",
    classes=("negative", "positive"),
    read=_read,
    train=2400,
    pool=900,
    base=Schedule(epochs=2, batch_size=32, lr=3e-4, weight_decay=0.01, frozen=FROZEN),
    more=Schedule(epochs=1, batch_size=32, lr=2e-4, weight_decay=0.01, frozen=FROZEN),
)
