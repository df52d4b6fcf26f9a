"""Recurrent networks trained on secret rules: all that ``tour`` and ``quick`` fight on."""

from __future__ import annotations

from fairfight.tasks.decompile.suites.row import Row

QUICK: tuple[Row, ...] = (
    Row("sum-last", "linear"),
    Row("weighted", "linear"),
    Row("free-body", "linear"),
    Row("spring", "linear"),
    Row("count-value", "linear"),
    Row("difference-absolute", "window"),
    Row("alternating", "window"),
    Row("parity-last", "window"),
    Row("sum-mod", "machine"),
    Row("affine-mod", "machine"),
    Row("divisible", "machine"),
    Row("divisible", "machine", 1),
    Row("add-base", "machine"),
    Row("maximum", "machine"),
    Row("run", "machine"),
    Row("dither", "machine"),
    Row("mode", "machine"),
    Row("balanced", "machine"),
)
"""Rules that a network computes by a linear law, from a short window, or as a machine with few states."""

STANDARD: tuple[Row, ...] = (
    *QUICK,
    *(Row(name, "linear") for name in ("current", "previous", "sum", "difference", "alternating-sum", "gravity")),
    *(Row(name, "linear") for name in ("magnet", "not", "shift", "count-even")),
    *(Row(name, "window") for name in ("absolute", "absolute-difference", "repeated", "and", "or", "xor")),
    *(Row(name, "window") for name in ("even", "square", "bit-parity")),
    *(Row(name, "machine") for name in ("parity", "parity-zeros", "dot-parity", "minimum", "last-nonzero", "seen")),
)
"""Every family of the table, after the benchmark of MIPS (Michaud et al. 2024)."""

TOUR: tuple[Row, ...] = (QUICK[0], QUICK[8])
"""A linear law and a machine, quick to train."""

DEV: tuple[Row, ...] = (Row("previous", "linear", 9), Row("parity", "machine", 9), Row("xor", "window", 9))
"""Rules that are not among the scored ones of ``quick``."""
