"""The report room: verdicts and every match as one HTML file, or as tables in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairfight.report.file import is_current, write
    from fairfight.report.page import html
    from fairfight.report.terminal import as_json, show

__all__ = ["as_json", "html", "is_current", "show", "write"]

_HOME = {"html": "page", "write": "file", "is_current": "file", "as_json": "terminal", "show": "terminal"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
