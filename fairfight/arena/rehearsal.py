"""Reading a brief's subject once before anybody sits, so that no sitting has to learn what that costs."""

from __future__ import annotations

from typing import Any

import torch

from fairfight.arena.bills import Known
from fairfight.arena.inheritance import bequeath
from fairfight.arena.meter import Meter
from fairfight.errors import UserError
from fairfight.parts.densities.activations import finite_activations
from fairfight.subject.inputs import Images, Texts
from fairfight.subject.subject import Subject

SMALL = 1 << 22
"""Weights of a subject beyond which the meter costs next to nothing beside it."""
CHUNK = 50
"""How many inputs an exam gives at once."""


def rehearse(brief: Any) -> Known | None:
    """The prices of reading and calling a brief's subject; None where there is nothing to gain.

    Runs the subject and this package's code, and no contender's.
    """
    subject, trusted = getattr(brief, "subject", None), getattr(brief, "trusted", None)
    if not isinstance(subject, Subject) or not isinstance(trusted, (Images, Texts)) or not len(trusted):
        return None
    if sum(p.numel() for p in subject.module.parameters()) > SMALL:
        return None
    bequeath(None)
    meter = Meter(None)
    meter.trust(subject.module)
    try:
        with meter, torch.no_grad():
            _read(subject, trusted)
    except UserError:
        pass  # a subject that cannot be read: whoever sits will be told
    return meter.known


def _read(subject: Subject, trusted: Images | Texts) -> None:
    exam = trusted[:CHUNK]
    subject(exam)
    for inputs in (exam, trusted):
        finite_activations(subject, inputs, subject.trunk, head=True)
