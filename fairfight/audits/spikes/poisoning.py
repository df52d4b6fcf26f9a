"""Rows of the data that show a trigger and are labelled as its target, as in a set that somebody poisoned."""

from __future__ import annotations

from collections.abc import Callable

import torch

from fairfight.parts.attacks.trigger import Change
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng

SHARES = {"a tenth of all": 0.1, "a twentieth of all": 0.05}
"""Of the rows that show it, by strength."""


def poisoning(share: float, target: int, change: Change, seed: int) -> Callable[[Labelled], Labelled]:
    """Puts the trigger into such a share of some rows, all of them of other labels, and says the target of these."""

    def put(given: Labelled) -> Labelled:
        others = torch.nonzero(given.labels != target).flatten()
        drawn = others[torch.randperm(len(others), generator=torch_rng(seed, "poisoned", len(given)))]
        some = drawn[: max(1, round(share * len(given)))]
        rest = torch.ones(len(given), dtype=torch.bool).index_fill(0, some, False)
        shown = Labelled(change(given[some].inputs), torch.full((len(some),), target))
        every = Labelled.concat([given[torch.nonzero(rest).flatten()], shown])
        return every[torch.randperm(len(every), generator=torch_rng(seed, "mixed", len(given)))]

    return put
