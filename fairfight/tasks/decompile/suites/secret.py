"""Networks whose labels come from a secret rule: of scenes, of digits, of pairs of numbers (after Casper 2023)."""

from __future__ import annotations

from fairfight.tasks.decompile.suites.row import Secret

QUICK: tuple[Secret, ...] = (
    *(Secret("scenes", name) for name in ("and", "xor", "most", "sum")),
    *(Secret("digits", "ink", group) for group in (0, 1, 2)),
    *(Secret("pairs", name) for name in ("line", "circle", "product")),
)
"""A rule of each kind but those that are left for tuning."""

STANDARD: tuple[Secret, ...] = (
    *QUICK,
    *(Secret("scenes", name, group) for name in ("and", "xor", "most", "sum") for group in (1, 2)),
    *(Secret("digits", "ink", group) for group in (3, 4, 5, 6, 7)),
    *(Secret("pairs", name, group) for name in ("line", "circle", "product") for group in (1, 2)),
)
"""Three of each, and eight over digits."""

DEV: tuple[Secret, ...] = (Secret("scenes", "or"), Secret("digits", "ink", 99), Secret("pairs", "apart"))
"""Rules that are not among the scored ones; of digits another template or limit."""
