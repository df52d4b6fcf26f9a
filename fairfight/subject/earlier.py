"""What was computed of a subject before, and need not be computed again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fairfight.subject.harvesting import Activations
    from fairfight.subject.inputs import Inputs
    from fairfight.subject.pooling import Pool
    from fairfight.subject.subject import Subject


@dataclass(frozen=True)
class Chore:
    """Work with a subject that gives the same whenever it is done."""

    key: str
    """Says, with the subject, all that the result depends on."""
    do: Callable[[], Any]
    """Gives plain data."""


class Earlier(Protocol):
    """Has what was harvested of a subject before, and what else was done with it."""

    def find(
        self, subject: Subject, inputs: Inputs, sites: Sequence[str], *, batch_size: int, pool: Pool | None, head: bool
    ) -> Activations | None:
        """Just what harvesting gives; None where it must be done."""
        ...

    def result(self, subject: Subject, chore: Chore) -> Any:
        """Just what doing the chore gives."""
        ...
