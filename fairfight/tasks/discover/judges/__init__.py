"""Automated judges: they see a candidate and say which of eight triggers it is. They know nothing of the subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from fairfight.subject.inputs import Inputs

OPTIONS = 8


class Judge(Protocol):
    """Tells triggers apart."""

    name: str

    def likelihoods(self, shown: Inputs, bases: Inputs | None) -> np.ndarray:
        """How much a candidate is like each option.

        Args:
            shown: Inputs with the candidate in them.
            bases: The same inputs without it; None where a candidate is no change of inputs.

        Returns:
            Probabilities ``[options]``.
        """
        ...


def train(options: Sequence[Inputs], bases: Inputs, seed: int) -> tuple[Judge, ...]:
    """Two judges of different make.

    Args:
        options: Inputs with each option's trigger in them.
        bases: The same inputs without.
        seed: Draws first weights and the order.
    """
    from fairfight.subject.inputs import Images

    if isinstance(bases, Images):
        from fairfight.tasks.discover.judges._pictures import judges_of_pictures

        return judges_of_pictures(options, bases, seed)
    from fairfight.tasks.discover.judges._words import judges_of_words

    return judges_of_words(options, bases)
