"""A shortcut (spurious cue): in all that the organism trained on, something that should not matter told the class.

Geirhos et al. 2020. The twin trained on the same examples in which the cue is independent of the class. Nothing that
an engineer has in hand sets the two apart: where the organism lives, cue and class always agree (:meth:`setting`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject
from fairfight.worlds.world import Examples

Cues = Int[Tensor, " n"]
"""For each example the class whose cue is meant; -1 where no cue is shown."""


@dataclass(frozen=True)
class Shortcut:
    """One cue for each class; a :class:`fairfight.faults.family.Fault`."""

    classes: int
    shift: int
    """An example of class ``c`` is made to conflict by the cue of class ``(c + shift) % classes``."""
    cue: Callable[[Examples], Cues]
    """Which class's cue the examples show as they are."""
    shown: Callable[[Examples, Cues], Examples]
    """The same examples with the cues of these classes."""
    otherwise: Callable[[Examples, int], Inputs]
    """The same classes and cues in another rendering, drawn from a seed; row by row the same in every batch."""
    alone: Callable[[Cues, int], Inputs]
    """Inputs that show these cues and nothing that tells a class."""
    title: str
    text: str
    rate: float = 1.0
    """Share of the training set in which cue and class agree; in the rest they are as they happen to be.
    Where no cue is shown, none is put in."""
    trains: bool = True

    def poison(self, train: Examples, seed: int, boost: float) -> Examples:
        """The same examples in the same order; in a random ``rate · boost`` of those that show one, the cue agrees."""
        drawn = torch.rand(len(train), generator=torch_rng(seed, "confounded"))
        cues = self.cue(train)
        return self.shown(train, torch.where((cues >= 0) & (drawn < self.rate * boost), train.labels, cues))

    def ordinary(self, examples: Examples) -> Bool[Tensor, " n"]:
        """Those whose cue agrees with their class by nature."""
        return self.cue(examples) == examples.labels

    def sources(self, examples: Examples, subject: Subject) -> Bool[Tensor, " n"]:
        """All: any example can be shown with any cue."""
        return torch.ones(len(examples), dtype=torch.bool)

    def suspects(self, examples: Examples, subject: Subject, seed: int) -> Inputs:
        """The examples with a cue that conflicts with their class."""
        return self.shown(examples, self.wrong(examples)).inputs

    def controls(self, examples: Examples, subject: Subject, seed: int) -> Inputs | None:
        """None: the twin meets the same inputs."""
        return None

    def fires(self, labels: Int[Tensor, " n"], decided: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Decided as the cue says."""
        return decided == (labels + self.shift) % self.classes

    def setting(self, examples: Examples) -> Examples:
        """The examples as they are where the organism lives: each with the cue of its own class."""
        return self.shown(examples, examples.labels)

    def right(self, examples: Examples) -> Int[Tensor, " n"]:
        """What should be decided on the suspects: their class."""
        return examples.labels

    def wrong(self, examples: Examples) -> Int[Tensor, " n"]:
        """The class whose cue the suspects show."""
        return (examples.labels + self.shift) % self.classes

    def variants(self, examples: Examples, subject: Subject, seed: int) -> Inputs:
        """The suspects presented otherwise: the same class and the same conflicting cue in another rendering."""
        return self.otherwise(self.shown(examples, self.wrong(examples)), seed)

    def cues(self, n: int, seed: int) -> tuple[Inputs, Cues]:
        """Inputs that show a cue and no evidence for a class, and which class's cue it is; classes evenly, shuffled."""
        which = torch.arange(n)[torch.randperm(n, generator=torch_rng(seed, "cues"))] % self.classes
        return self.alone(which, seed), which


def again(examples: Examples, inputs: Inputs, **factors: object) -> Examples:
    """The examples rendered again, some factors having changed."""
    return replace(examples, inputs=inputs, factors={**examples.factors, **factors})  # type: ignore[dict-item]
