"""Twelve trojans in one network, as Casper et al. 2023 planted them: each is a case, in which the target is named."""

from __future__ import annotations

from fairfight.tasks.discover.suites.row import Row

KINDS = ("patch", "style", "object")
EACH = 4
"""Trojans of a kind; the first two of each work on every picture, the others on those of one class."""

SCORED: tuple[Row, ...] = tuple(
    Row("scenes", "cnn", "dozen", "shipped", kind, which=EACH * k + i)
    for k, kind in enumerate(KINDS)
    for i in range(EACH)
)
