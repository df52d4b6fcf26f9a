"""The worlds there are, without importing any: cheap, and without torch."""

from __future__ import annotations

from fairfight.errors import unknown

NAMES: tuple[str, ...] = ("digits", "scenes", "sentences", "imagenet", "cifar10", "mnist", "sst2", "ag-news", "stories")


def home_of(name: str) -> str:
    """The module of a world.

    Raises:
        UserError: There is none of that name.
    """
    if name not in NAMES:
        raise unknown("world", name, NAMES)
    return f"fairfight.worlds.{name.replace('-', '_')}"
