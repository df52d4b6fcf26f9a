"""In which module each family of faults is, found without importing any: cheap, and without torch."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from fairfight.errors import unknown

_DECORATED = re.compile(r'^@family\(\s*"([^"]+)"', re.MULTILINE)


@cache
def homes() -> dict[str, str]:
    """Names of families and of their modules."""
    here = Path(__file__).parent
    found = {}
    for file in sorted(here.rglob("*.py")):
        module = ".".join(("fairfight", "faults", *file.relative_to(here).with_suffix("").parts))
        found.update(dict.fromkeys(_DECORATED.findall(file.read_text()), module))
    return found


def home_of(family: str) -> str:
    """The module of a family.

    Raises:
        UserError: There is no such family.
    """
    if family not in homes():
        raise unknown("fault", family, homes())
    return homes()[family]
