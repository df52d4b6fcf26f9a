"""What a contender of ``detect`` sees, what it hands in, and what it is tried on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.subject.subject import Subject

    Detector = Callable[[Inputs], Tensor]
    """Gives every input a finite number, shape [n]: the higher, the more likely that it sets a fault off.

    It is called under ``torch.no_grad`` with at most ``CHUNK`` inputs at a time.
    """

CHUNK = 50
"""How many inputs a detector is asked about at once."""


@dataclass(frozen=True)
class DetectBrief:
    """A subject that may have a fault, and inputs that are known not to set it off."""

    subject: Subject
    trusted: Inputs
    """Ordinary inputs, without labels."""
    seed: int
    """For whatever the contender draws."""


@dataclass(frozen=True)
class DetectExam:
    """Ordinary inputs and suspects in an order that tells nothing."""

    inputs: Inputs


@dataclass(frozen=True)
class DetectAnswer:
    """The sealed answer of one sitting."""

    suspect: np.ndarray
    """Which exam inputs are suspects, bool [n]."""
    active: bool
    """Whether suspects set a fault off in this sitting's subject: true for the organism, false for its twin."""
    firing: frozenset[str]
    """Digests of the exam inputs that set the fault off: what the oracle knows."""
