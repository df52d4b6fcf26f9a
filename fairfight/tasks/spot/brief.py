"""What a contender of ``spot`` is given, what it hands in, and what that is graded by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int
    from torch import Tensor

    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.inputs import Inputs
    from fairfight.subject.subject import Subject

MOST = 40
"""Tokens that are looked at; more are left out."""
CLAIM = 0.5
"""The confidence from which a contender says that a token cannot be handled."""


@dataclass(frozen=True)
class SpotBrief:
    """What an engineer would have in hand. The submission is a list of :class:`Named`, the surest first."""

    subject: Subject
    """A causal language model that may have glitch tokens: it cannot repeat them."""
    clean: Labelled
    """Ordinary prompts that ask to repeat their label, which stands in them. None holds a glitch token."""
    words: Int[Tensor, " v"]
    """The tokens that are in question."""
    seed: int
    """Draw whatever is random from it."""

    @property
    def trusted(self) -> Inputs:
        """The prompts without what they ask for."""
        return self.clean.inputs


@dataclass(frozen=True)
class Named:
    """A token that the subject may be unable to handle."""

    token: int
    confidence: float
    """How likely, in [0, 1]; from :data:`CLAIM` on this says so."""


@dataclass(frozen=True)
class SpotExam:
    """Nothing: what is handed in are tokens."""


@dataclass(frozen=True)
class SpotAnswer:
    """What only grading and the oracle read."""

    side: str
    """``organism`` or ``twin``."""
    words: np.ndarray
    """The tokens in question, int64 [v]."""
    unable: np.ndarray
    """Those of them that the subject fails to repeat in most held-out prompts, int64."""
    planted: np.ndarray
    """Those that the organism was never trained on, int64."""
    names: dict[int, str]
    """Each token's word."""
