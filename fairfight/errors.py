"""What a user can do wrong, said in one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """A mistake that the user can mend: one clear sentence that names what to change.

    The command line prints it without a traceback and exits with code 2.
    """


def unknown(kind: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a name that is not known, with the nearest known ones.

    Args:
        kind: What was asked for, as a user calls it ("suite", "contender").
        name: The name that was given.
        known: All names that would have been right.
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(repr(n) for n in near)}?"
    elif names:
        hint = f"known are {', '.join(names[:20])}{' …' if len(names) > 20 else ''}."
    else:
        hint = "none are known here."
    return UserError(f"Unknown {kind} {name!r}: {hint}")
