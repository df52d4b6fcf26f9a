"""Transformers compiled from programs."""

from __future__ import annotations

from fairfight.tasks.decompile.suites.row import Compiled

QUICK: tuple[Compiled, ...] = (
    Compiled("sort", "plain"),
    Compiled("majority", "plain"),
    Compiled("first", "hidden"),
    Compiled("ascending", "hidden"),
)
"""Of one to three layers."""

NAMES: tuple[str, ...] = (
    "reverse", "shift", "shift-2", "sort", "rank", "histogram", "length", "count-ones", "ones-so-far", "parity",
    "prefix-parity", "fraction-percent", "mostly-ones-so-far", "majority", "balanced", "occurrence", "first", "dedupe",
    "distinct", "palindrome", "ascending", "minimum", "median", "greater-before", "record",
)  # fmt: skip
"""Programs of the library that are scored."""

STANDARD: tuple[Compiled, ...] = (
    *QUICK,
    *(row for name in NAMES for row in (Compiled(name, "plain"), Compiled(name, "hidden")) if row not in QUICK),
    *(Compiled(name, "superposed") for name in ("shift", "ascending", "record", "first", "dedupe")),
)
"""Every program, plain and hidden; superposed those that are known to bear it."""

DEV: tuple[Compiled, ...] = (Compiled("next", "plain"), Compiled("repeated", "hidden"))
"""Programs that are not among the scored ones."""
