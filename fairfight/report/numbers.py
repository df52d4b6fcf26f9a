"""Figures as a reader wants them: sensible digits, units, no leading zero, a real minus sign."""

from __future__ import annotations

import math

MISSING = "–"


def _known(x: float | None) -> bool:
    return x is not None and math.isfinite(x)


def score(x: float | None) -> str:
    """Three decimals without the leading zero (``.987``, ``−.034``, ``1.000``); three digits from 10 upwards."""
    if x is None or not _known(x):
        return MISSING
    text = f"{abs(x):.3f}" if abs(x) < 10 else f"{abs(x):.3g}"
    negative = x < 0 and float(text) != 0
    return ("−" if negative else "") + (text[1:] if text.startswith("0.") else text)


def signed(x: float | None) -> str:
    """A difference: as :func:`score`, with its plus sign."""
    return ("+" if x is not None and _known(x) and score(x)[0] != "−" and x > 0 else "") + score(x)


def interval(low: float | None, high: float | None) -> str:
    """``[.912, .954]``."""
    return f"[{score(low)}, {score(high)}]" if _known(low) and _known(high) else MISSING


def p_value(p: float | None) -> str:
    """``.012``, or ``< .001`` where more digits would claim too much."""
    if p is None or not _known(p):
        return MISSING
    return "< .001" if p < 0.001 else score(p)


def si(x: float | None, unit: str) -> str:
    """Three digits and an SI prefix (``9.61 GFLOP``)."""
    if x is None or not _known(x):
        return MISSING
    for power, prefix in ((18, "E"), (15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if abs(x) >= 0.9995 * 10**power:
            return f"{_three(x / 10**power)} {prefix}{unit}"
    return f"{_three(x)} {unit}" if x else "0"


def flops(x: float | None) -> str:
    """Floating-point operations (``9.61 GFLOP``)."""
    return si(x, "FLOP")


def size(n: float | None) -> str:
    """Bytes in binary units (``38.1 MiB``)."""
    if n is None or not _known(n):
        return MISSING
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if n >= 2**power:
            return f"{_three(n / 2**power)} {unit}"
    return f"{n:.0f} B"


def seconds(t: float | None) -> str:
    """``.034 s``, ``4.21 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if t is None or not _known(t):
        return MISSING
    if t < 60:
        return f"{score(t) if t < 1 else _three(t)} s"
    if t < 3600:
        return f"{int(t // 60)} min {int(t % 60)} s"
    return f"{int(t // 3600)} h {int(t % 3600 // 60)} min"


def count(n: int) -> str:
    """Whole numbers with thousands apart (``100,000``)."""
    return f"{n:,}"


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """``1 case``, ``22 cases``."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def _three(x: float) -> str:
    return f"{x:.0f}" if abs(x) >= 99.95 or x == 0 else f"{x:.3g}"
