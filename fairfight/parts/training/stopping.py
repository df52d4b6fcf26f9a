"""Stop a descent before it costs what must be kept."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fairfight.parts.training.descent import decision_loss
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject


class Guard:
    """Watches a subject in training, ends the descent when it gets too bad, and gives back what it last was before.

    Given to :func:`fairfight.parts.training.descent.descend` as ``after``; call :meth:`restore` when that is over.
    """

    def __init__(
        self,
        subject: Subject,
        keep: Labelled,
        parameters: Sequence[nn.Parameter],
        *,
        tolerance: float,
        every: int = 5,
        patience: int = 1,
    ) -> None:
        """Measure where it starts.

        Args:
            subject: In training.
            keep: What it must go on deciding as labelled; with none there is nothing to watch.
            parameters: Which of its weights change.
            tolerance: By how much the cross entropy on ``keep`` may rise, in nats.
            every: Steps from one look to the next.
            patience: How many looks in a row must be bad for the descent to end.
        """
        self.subject, self.keep, self.parameters, self.every = subject, keep, parameters, every
        self.patience, self.bad = patience, 0
        self.limit = self.loss() + tolerance
        self.good = self._state()

    def __call__(self, step: int) -> bool:
        """Whether to end after this step."""
        if (step + 1) % self.every:
            return False
        if not self.loss() <= self.limit:  # also NaN
            self.bad += 1
            return self.bad >= self.patience
        self.good, self.bad = self._state(), 0
        return False

    def restore(self) -> None:
        """Unless it is good as it is now, put back the latest weights that were."""
        if not self.loss() <= self.limit:
            with torch.no_grad():
                for p, value in zip(self.parameters, self.good, strict=True):
                    p.copy_(value)

    def loss(self) -> float:
        """Cross entropy on what is to be kept, in nats."""
        if not len(self.keep):
            return 0.0
        with torch.no_grad():
            return float(decision_loss(self.subject, self.keep))

    def _state(self) -> list[Tensor]:
        return [p.detach().clone() for p in self.parameters]
