"""Repairs on embedded data: what ``tour`` and ``quick`` fight on."""

from __future__ import annotations

from fairfight.tasks.repair.suites.row import Row

SCORED: tuple[Row, ...] = (
    Row("digits", "cnn", "patch", "scratch", "clean"),
    Row("digits", "cnn", "blended", "finetune", "shown"),
    Row("scenes", "cnn", "patch", "finetune", "clean"),
    Row("scenes", "cnn", "warp", "scratch", "clean"),
    Row("scenes", "cnn", "object", "scratch", "shown"),
    Row("scenes", "cnn", "blended", "scratch", "shown"),
    Row("sentences", "bert", "rare-token", "scratch", "clean"),
    Row("sentences", "bert", "syntax", "finetune", "shown"),
    Row("sentences", "gpt2", "phrase", "scratch", "clean"),
    Row("sentences", "llama", "topic", "finetune", "shown"),
)

TOUR: tuple[Row, ...] = (SCORED[0], SCORED[5], SCORED[6])

DEV: tuple[Row, ...] = (
    Row("digits", "cnn", "patch", "scratch", "clean"),
    Row("scenes", "cnn", "blended", "finetune", "shown"),
    Row("sentences", "bert", "phrase", "scratch", "clean"),
    Row("sentences", "gpt2", "rare-token", "finetune", "shown"),
)
"""Kinds of fault that are scored too, in other instances and in other subjects."""
