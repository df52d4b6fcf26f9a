"""The results store: every match ever run, in SQLite or any database by URL. SQLAlchemy is imported with ``Store``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairfight.arena.store.store import Store

__all__ = ["Store"]


def __getattr__(name: str) -> Any:
    if name == "Store":
        from fairfight.arena.store.store import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
