"""Asking a contender to work on something of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairfight.errors import UserError
from fairfight.tasks import registry
from fairfight.tasks.registry import Contender


def contender(task: str, name: str, params: Mapping[str, Any]) -> Contender:
    """A contender of a task that may be asked, and to which these hyperparameters mean something.

    Raises:
        UserError: No such contender or hyperparameter, or it needs the answer.
    """
    who = registry.contender(task, name)
    if who.kind == "oracle":
        raise UserError(f"{name!r} is the ceiling: it needs to know the answer. Choose another contender.")
    for given in params:
        if given not in who.defaults:
            raise UserError(f"{name!r} has no hyperparameter {given!r}: it has {', '.join(who.defaults) or 'none'}.")
    return who
