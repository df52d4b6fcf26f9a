"""What an audit works with: the model, and clean data in three parts that never meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from fairfight.errors import UserError
from fairfight.parts.attacks.sequences import in_turn
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.subject import Subject

LEAST = 60
"""Rows of data under which nothing can be searched, planted and tested apart."""
SEARCHED, HELD, PLANTED = 256, 400, 1500
"""Rows of each part at most."""


@dataclass(frozen=True)
class Material:
    """A model with data to search with, to test on, and to plant spikes with."""

    subject: Subject
    search: Labelled
    """What searches see."""
    held: Labelled
    """What suspicions are tested on: no search sees it, and nothing is trained on it."""
    planting: Labelled
    """What copies of the model are trained on."""

    def about(self, copy: Subject) -> Material:
        """The same data for a copy of the model."""
        return replace(self, subject=copy)

    def with_inside(self, change: Callable[[Labelled], Labelled] | None) -> Material:
        """The same with a fault in some of the data, of both parts alike; as they are, if there is no change."""
        if change is None:
            return self
        return replace(self, search=change(self.search), held=change(self.held))

    def halves(self) -> tuple[Labelled, Labelled]:
        """Two parts of what may be searched with, of which neither search sees the other's."""
        return self.search[::2], self.search[1::2]


def split(subject: Subject, clean: Labelled, seed: int) -> Material:
    """Clean data in three parts, every label in all of them where it occurs often enough.

    Raises:
        UserError: There are too few rows, or they are of one class.
    """
    if len(clean) < LEAST:
        raise UserError(f"{len(clean)} rows of data are too few to search and to test apart: give at least {LEAST}.")
    if len(clean.labels.unique()) < 2:
        raise UserError("The data are all of one class: give rows of another class too.")
    order = torch.randperm(len(clean), generator=torch_rng(seed, "audit", "split"))
    # Labels in turn, so that cutting anywhere leaves each its share.
    order = order[in_turn(clean.labels[order])]
    parts: dict[str, list[int]] = {"search": [], "held": [], "planting": []}
    for place, row in enumerate(order.tolist()):
        tenth = (place * 7 + place // 10) % 10
        parts["search" if tenth < 3 else "held" if tenth < 6 else "planting"].append(row)
    rows = {name: torch.tensor(found[:most]) for (name, found), most in zip(
        parts.items(), (SEARCHED, HELD, PLANTED), strict=True)}  # fmt: skip
    return Material(subject, clean[rows["search"]], clean[rows["held"]], clean[rows["planting"]])
