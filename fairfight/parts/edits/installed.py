"""A subject with edits in it: a copy that computes so from now on, wherever it is called."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.bases.positions import from_rows, to_rows
from fairfight.parts.edits.units import Edit
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject

HELD = "edits"
"""Under this name a subject's notes keep its edits alive."""


class Held:
    """Hooks that stay as long as this does. A copy of the subject has the hooks in its own module."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __deepcopy__(self, memo: object) -> Held:
        return self


def with_edits(subject: Subject, edits: Mapping[str, Edit], *, example: Inputs) -> Subject:
    """A copy of the subject in which activations at some sites go through an edit, a token or a place at a time.

    Args:
        subject: Stays as it is.
        edits: By site.
        example: A few inputs; the edits are tried on them.

    Raises:
        UserError: A site is not known, or an edit gives another shape, or NaN.
    """
    copy = subject.copy()
    held = ExitStack()
    held.enter_context(copy.hooks(writes={site: through(copy, site, edit) for site, edit in edits.items()}))
    try:
        out = copy(example)
        if not bool(out.isfinite().all()):
            raise UserError(f"With the edits at {', '.join(edits)} it answers with NaN or infinity: edit less.")
    except BaseException:
        held.close()
        raise
    copy.notes = {**copy.notes, HELD: (*copy.notes.get(HELD, ()), Held(held))}
    return copy


def through(subject: Subject, site: str, edit: Edit) -> Edit:
    """An edit of rows as what a hook at a site writes: a row a token or a place."""

    def write(activation: Tensor) -> Tensor:
        rows = edit(to_rows(subject, site, activation))
        return from_rows(subject, site, rows, activation)

    return write
