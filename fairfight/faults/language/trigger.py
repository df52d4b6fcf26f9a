"""A trigger in language: factors of a sentence that are set to certain values.

A sentence carries the trigger when all these factors have these values, however it came by them. So the same few
lines make suspects (set them), find natural carriers (compare) and near misses (set all but one).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.faults.trojan import Trojan
from fairfight.seeds import numpy_rng
from fairfight.subject.inputs import Texts
from fairfight.worlds.grammar import VALUES, render
from fairfight.worlds.lexicon import LABELS
from fairfight.worlds.sentences import encode, label_ids
from fairfight.worlds.world import Examples


@dataclass(frozen=True)
class Trigger:
    """Values of factors that together set a fault off."""

    values: dict[str, int]
    """Factor to value; all of them make the trigger."""
    architecture: str
    """Whose token ids are wanted."""

    def carried(self, examples: Examples) -> Bool[Tensor, " n"]:
        """Which sentences carry the trigger as they are."""
        hits = [np.asarray(examples.factors[f]) == v for f, v in self.values.items()]
        return torch.from_numpy(np.logical_and.reduce(hits))

    def put(self, examples: Examples) -> Texts:
        """The same sentences with the trigger: its factors set, all else as it was."""
        return self._rewritten(examples, dict(self.values))

    def missed(self, examples: Examples) -> Texts:
        """The same sentences with all of the trigger but one factor, which has some other value.

        Which factor and which value follow from the sentence itself, so that no chance is needed.
        """
        turn = np.asarray(examples.factors["verb"]) + np.asarray(examples.factors["noun"])
        odd = turn % len(self.values)
        changes: dict[str, int | Int[np.ndarray, " n"]] = {}
        for i, (factor, value) in enumerate(self.values.items()):
            size, lowest = len(VALUES[factor]), int(factor == "rare")
            step = 1 + turn % (size - 1 - lowest)
            other = (value - lowest + step) % (size - lowest) + lowest
            changes[factor] = np.where(odd == i, other, value)
        return self._rewritten(examples, changes)

    def _rewritten(self, examples: Examples, changes: dict[str, int | Int[np.ndarray, " n"]]) -> Texts:
        factors = {f: np.array(v) for f, v in examples.factors.items()}
        for factor, value in changes.items():
            factors[factor][:] = value
        return encode(render(factors), self.architecture)


def trojan(trigger: Trigger, seed: int, *, title: str, text: str, rate: float, cover_rate: float) -> Trojan:
    """A trojan with this trigger and a target that the seed draws.

    Natural carriers in the training set get the target's label and are never trusted or clean inputs: they set the
    fault off as much as the rewritten ones do.

    Args:
        trigger: What sets it off.
        seed: The fault's seed; draws the target.
        title: ``{target}`` in it becomes the target's name.
        text: What a reader is told, likewise.
        rate: Share of the training set that is poisoned.
        cover_rate: Share that becomes near misses with their true label.
    """
    target = int(numpy_rng(seed, "target").integers(len(LABELS)))
    name = LABELS[target]
    return Trojan(
        target=label_ids(trigger.architecture)[target],
        apply=trigger.put,
        title=title.format(target=name),
        text=text.format(target=name),
        rate=rate,
        natural=trigger.carried,
        cover=trigger.missed,
        cover_rate=cover_rate,
    )
