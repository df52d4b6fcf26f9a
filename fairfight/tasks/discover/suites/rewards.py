"""Reward models with a shortcut: what they reward beside what they were to reward (Smith & Brinkmann 2024)."""

from __future__ import annotations

from fairfight.tasks.discover.suites.row import Row

SCORED: tuple[Row, ...] = (
    Row("preferences", "bert", "flattering-word", "scratch", "token"),
    Row("preferences", "bert", "flattering-phrase", "scratch", "token"),
    Row("preferences", "bert", "flattering-form", "scratch", "form"),
)

DEV: tuple[Row, ...] = (Row("preferences", "bert", "flattering-word", "scratch", "token", 9),)
"""Another word in another reward model."""
