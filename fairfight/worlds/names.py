"""The worlds there are, found without importing any: cheap, and without torch."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from fairfight.errors import unknown

_HOLDS_ONE = re.compile(r"^WORLD\b.*=", re.MULTILINE)


@cache
def names() -> dict[str, str]:
    """Names of worlds and of their modules: those files of this folder that hold a ``WORLD``."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    holding = [file.stem for file in files if _HOLDS_ONE.search(file.read_text())]
    return {stem.replace("_", "-"): f"fairfight.worlds.{stem}" for stem in holding}


def home_of(name: str) -> str:
    """The module of a world.

    Raises:
        UserError: There is none of that name.
    """
    if name not in names():
        raise unknown("world", name, names())
    return names()[name]
