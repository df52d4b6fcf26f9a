"""What a recurrent subject does on some inputs: its states, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from fairfight.subject.sequences import SequenceSubject


@dataclass(frozen=True)
class Runs:
    """Inputs, the states after each of them, and the answers."""

    values: Int[np.ndarray, "n length channels"]
    states: Float[np.ndarray, "n length d"]
    answers: Int[np.ndarray, "n length"]

    def __len__(self) -> int:
        return len(self.values)


@torch.no_grad()
def run(subject: SequenceSubject, values: Int[np.ndarray, "n length channels"], site: str = "state") -> Runs:
    """Run a subject and keep what one of its sites holds, in double precision."""
    inputs = torch.from_numpy(np.ascontiguousarray(values))
    states = subject.read(inputs, [site])[site]
    answers = subject.decide(inputs)
    return Runs(np.asarray(values), states.double().numpy(), answers.numpy())


def varied(
    values: Int[np.ndarray, "n length channels"], low: int, high: int
) -> list[Int[np.ndarray, "n length channels"]]:
    """The same inputs with one of them changed by one step: a batch for each place and channel."""
    batches = []
    for place in range(values.shape[1]):
        for channel in range(values.shape[2]):
            other = values.copy()
            column = other[:, place, channel]
            other[:, place, channel] = np.where(column < high, column + 1, low)
            batches.append(other)
    return batches
