"""Prices that a sitting is born with: learned by trusted code in the process that it is forked from.

Nothing comes back from a sitting: what it learns ends with its process.
"""

from __future__ import annotations

from fairfight.arena.bills import Known

_parents: list[Known] = []


def bequeath(known: Known | None) -> None:
    """Meters that are made from now on, here and in children, begin with a copy of this; None for nothing."""
    _parents[:] = [] if known is None else [known]


def inherited() -> Known:
    """What a new meter begins with."""
    if not _parents:
        return Known()
    (parent,) = _parents
    bills = {at: (module, dict(known)) for at, (module, known) in parent.bills.items()}
    return Known(bills, dict(parent.prices), dict(parent.kept))
