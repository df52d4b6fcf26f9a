"""Small models with and without a trojan, and ordinary data for them."""

from __future__ import annotations

from functools import cache

import torch

from fairfight.faults.organism import build
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject
from tests.parts.organisms import WHERE


@cache
def pair(where: str, rows: int = 600) -> tuple[Subject, Subject, Labelled, int]:
    """The trojaned model, its clean twin, data, and the trojan's target."""
    organism = build(WHERE[where])
    assert organism.void is None
    subject, twin = organism.pair()
    pool, fault = organism.pool, organism.fault
    kept = pool[torch.nonzero(fault.ordinary(pool)).flatten()[:rows]]
    return subject, twin, Labelled(kept.inputs, kept.labels), int(fault.target)  # type: ignore[attr-defined]
