"""Transformers that others trained: ARENA's (McDougall 2023) and two that grokked addition (Nanda et al. 2023)."""

from __future__ import annotations

from fairfight.tasks.decompile.suites.row import Published

STANDARD: tuple[Published, ...] = tuple(
    Published(name) for name in ("brackets", "palindromes", "addition", "grokked", "grokked-slowly")
)
"""All that are known; they need files that are not part of this package."""
