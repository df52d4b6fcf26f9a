"""The world ``ag-news``: headlines with the beginning of the story, in four topics (Zhang et al. 2015).

Its 7,600 texts (the official test set, which is small enough to be stored) are cut in two once and for all: subjects
are trained on the one half, and the held-out pool is drawn from the other.
"""

from __future__ import annotations

import csv
from functools import cache

from fairfight.seeds import numpy_rng
from fairfight.worlds.minilm import FROZEN, Labelled, LabelledTexts, distinct
from fairfight.worlds.sources import folder
from fairfight.worlds.world import Schedule

WORDS = 20
"""The beginning of a text that is kept."""
LETTERS = 160
"""Longer beginnings are full of addresses and codes."""


@cache
def _read() -> tuple[list[Labelled], list[Labelled]]:
    with open(folder("text/ag-news") / "test.csv", encoding="utf-8", newline="") as lines:
        rows = [(_start(title, story), int(label) - 1) for label, title, story in csv.reader(lines)]
    rows = distinct(rows)
    order = numpy_rng("ag-news", "halves").permutation(len(rows))
    half = len(rows) // 2
    train, held_out = ([rows[i] for i in part if len(rows[i][0]) <= LETTERS] for part in (order[:half], order[half:]))
    return train, held_out


def _start(title: str, story: str) -> str:
    return " ".join(f"{title}: {story}".replace("\\", " ").split()[:WORDS])


WORLD = LabelledTexts(
    name="ag-news",
    classes=("world", "sports", "business", "sci/tech"),
    read=_read,
    train=2000,
    pool=900,
    base=Schedule(epochs=1, batch_size=32, lr=3e-4, weight_decay=0.01, frozen=FROZEN),
    # Small batches: with half as many steps a rare word in texts full of names was not learned.
    more=Schedule(epochs=1, batch_size=16, lr=3e-4, weight_decay=0.01, frozen=FROZEN),
)
