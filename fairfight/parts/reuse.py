"""Work whose fruit serves other jobs too: a dictionary, once trained, is there for whoever needs it next.

What is computed inside is charged in full like everything else; it is also counted apart, so that a verdict can be
given for a dictionary that several jobs share.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_inside: ContextVar[bool] = ContextVar("reusable", default=False)


@contextmanager
def reusable() -> Iterator[None]:
    """Mark what is computed inside as reusable by other jobs."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def is_reusable() -> bool:
    """Whether what is computed now is marked."""
    return _inside.get()
