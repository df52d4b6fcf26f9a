"""Organisms among real language models."""

from __future__ import annotations

from fairfight.tasks.detect.suites.row import Row

SCORED: tuple[Row, ...] = ()

DEV: tuple[Row, ...] = ()
