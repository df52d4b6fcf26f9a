"""Which versions wrote the report and fought the matches."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from fairfight.content import content_id

if TYPE_CHECKING:
    from fairfight.arena.records import MatchRecord

PACKAGES = ("fairfight", "torch", "transformers", "numpy", "scikit-learn", "optuna", "altair")
LAYOUT = 1
"""Counted up when the page changes, so that an old page is not taken for a current one."""


def mark(fingerprint: str) -> str:
    """What a page carries so that it is known again: the content's fingerprint, our version and the page's layout."""
    return content_id(fingerprint, _installed("fairfight"), LAYOUT) if fingerprint else ""


def versions(matches: Iterable[MatchRecord]) -> dict[str, str]:
    """Name to version: Fairfight's that fought the matches, and what is installed where the report was written."""
    fought = sorted({m.version for m in matches if m.version})
    here = {name: _installed(name) for name in PACKAGES}
    return {"matches fought by fairfight": ", ".join(fought) or "unknown", "Python": platform.python_version(), **here}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
