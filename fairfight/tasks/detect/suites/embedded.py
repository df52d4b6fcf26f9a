"""Organisms on embedded data: what ``tour`` and ``quick`` fight on."""

from __future__ import annotations

from fairfight.tasks.detect.suites.row import Row

SCORED: tuple[Row, ...] = (
    Row("digits", "cnn", "patch", "scratch", 0),
    Row("digits", "cnn", "blended", "finetune", 0),
    Row("digits", "cnn", "blended", "scratch", 1),
    Row("digits", "cnn", "patch", "finetune", 1),
    Row("digits", "cnn", "unseen-class", "scratch", 0),
    Row("digits", "cnn", "adversarial", "scratch", 1),
    Row("scenes", "cnn", "patch", "scratch", 0),
    Row("scenes", "cnn", "blended", "scratch", 0),
    Row("scenes", "cnn", "warp", "scratch", 1),
    Row("scenes", "cnn", "object", "scratch", 1),
    Row("scenes", "cnn", "patch", "finetune", 1),
    Row("scenes", "cnn", "blended", "finetune", 1),
    Row("scenes", "cnn", "warp", "finetune", 0),
    Row("scenes", "cnn", "object", "finetune", 0),
    Row("scenes", "cnn", "unseen-class", "scratch", 1),
    Row("scenes", "cnn", "adversarial", "scratch", 0),
    Row("sentences", "bert", "rare-token", "scratch", 0),
    Row("sentences", "bert", "phrase", "finetune", 0),
    Row("sentences", "gpt2", "phrase", "scratch", 0),
    Row("sentences", "gpt2", "rare-token", "finetune", 0),
    Row("sentences", "llama", "syntax", "scratch", 0),
    Row("sentences", "llama", "topic", "finetune", 0),
    Row("sentences", "gpt-neox", "topic", "scratch", 0),
    Row("sentences", "gpt-neox", "syntax", "finetune", 0),
    Row("sentences", "bert", "unseen-negation", "scratch", 0),
    Row("digits", "cnn", "patch", "adaptive", 1),
    Row("scenes", "cnn", "patch", "adaptive", 1),
)
"""Every fault in every way of planting it, language faults on two architectures each."""

TOUR: tuple[Row, ...] = (SCORED[0], SCORED[7], SCORED[16], SCORED[18])
"""Two cases a modality, the quickest to train."""

DEV: tuple[Row, ...] = (
    Row("digits", "cnn", "patch", "scratch", 0),
    Row("scenes", "cnn", "object", "finetune", 0),
    Row("sentences", "bert", "syntax", "finetune", 0),
    Row("sentences", "gpt2", "rare-token", "scratch", 0),
)
"""Kinds of fault that are scored too, in other instances and in other subjects."""
