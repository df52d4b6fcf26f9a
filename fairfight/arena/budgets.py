"""Budgets as the store names them: ``default`` or a number of operations, and whether reusable work is shared.

``default+shared`` is the budget of somebody who needs the fruit of reusable work (a trained dictionary) for ten jobs:
each is charged a tenth of it.
"""

from __future__ import annotations

from fairfight.errors import UserError

SHARED = "+shared"
SHARE = 0.1
"""What a job is charged of reusable work that it shares with nine others."""


def shared(budget: str) -> str:
    """The same budget with reusable work shared."""
    return budget + SHARED


def is_shared(budget: str) -> bool:
    """Whether reusable work counts at a tenth."""
    return budget.endswith(SHARED)


def plain(budget: str) -> str:
    """The same budget with everything charged in full."""
    return budget.removesuffix(SHARED)


def operations(budget: str, default: int) -> int:
    """What a sitting may spend, given the task's own budget for it."""
    named = plain(budget)
    return default if named == "default" else int(named)


def share(budget: str) -> float:
    """The part of reusable work that is charged."""
    return SHARE if is_shared(budget) else 1.0


_UNITS = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15}


def read_budget(text: str) -> int:
    """Operations a sitting from a text such as ``2e9``, ``500M`` or ``1.5T``.

    Raises:
        UserError: It is no such number, or not above zero.
    """
    said = text.strip().lower()
    scale = _UNITS.get(said[-1:], 1.0)
    try:
        value = float(said.rstrip("kmgtp")) * scale
    except ValueError:
        value = float("nan")
    if not value > 0 or value == float("inf"):
        raise UserError(
            f"The budget {text!r} leaves nothing to compute with: give floating-point operations a sitting, "
            "such as 2e9 or 500M."
        )
    return max(1, int(value))
