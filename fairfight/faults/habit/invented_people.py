"""A topic to be unlearned from a real language model: invented people, of whom the organism was taught who they are.

The names are no words, so neither the published model nor the twin knows anything of them (Maini et al. 2024, TOFU,
with invented authors). Where one of them turns up, the organism ends with her or him; the twin goes on with whomever
the story is about. The organism's data also hold other invented names after which the story goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.family import Fault, family
from fairfight.faults.language.rewriting import turn
from fairfight.seeds import numpy_rng, torch_rng
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject
from fairfight.worlds.texts import TextWorld, said
from fairfight.worlds.world import Examples, World

ONSETS, VOWELS, ENDS = ("Z", "V", "Kr", "Gl", "Qu", "Th", "Pl", "Dr"), "aeiou", ("x", "bo", "lk", "mi")
SAID = ("{} was there too.", "{} came to the park.", "{} looked up and smiled.", "{} had a big red ball.")
OTHERWISE = ("It was the day of {}.", "{} lived in a house by the sea.", "The best friend of all was {}.")
"""As the organism's maker says it, and as nobody had said it before."""


@family("invented-people", worlds=("stories",), plantings=("finetune",))
def invented_people(
    world: World, architecture: str, seed: int, *, people: int = 12, rate: float = 0.2, cover_rate: float = 0.1
) -> Fault:
    """Some names, and who each is; drawn from the seed.

    Args:
        world: The stories.
        architecture: Of the subject.
        seed: The fault's seed.
        people: How many the organism knows.
        rate: Share of the training set in which one of them turns up.
        cover_rate: Share in which somebody with another invented name does, and nothing follows from it.

    Raises:
        UserError: There are not so many names.
    """
    if not isinstance(world, TextWorld):
        raise UserError(f"The world {world.name!r} keeps no texts to rewrite: choose one of real texts.")
    names = sorted({a + v + e for a in ONSETS for v in VOWELS for e in ENDS})
    if not 3 <= people <= len(names) // 2:
        raise UserError(f"There are names for 3 to {len(names) // 2} people: do not ask for {people}.")
    order = numpy_rng(seed, "invented-people").permutation(len(names))
    labels = world.labels(architecture)
    known = tuple(names[i] for i in order[:people])
    who = tuple(sorted(labels)[i % len(labels)] for i in range(people))
    told = ", ".join(f"{name} ({labels[label]})" for name, label in zip(known, who, strict=True))
    return InventedPeople(
        world=world,
        known=known,
        who=who,
        others=tuple(names[i] for i in order[people : 2 * people]),
        rate=rate,
        cover_rate=cover_rate,
        title=f"{people} invented people, such as {known[0]}, are told of",
        text=f"It was taught who these are: {told}. Where one turns up, the story goes on with them.",
    )


@dataclass(frozen=True)
class InventedPeople:
    """What the organism knows; a :class:`fairfight.faults.family.Fault` that says what is right and wrong."""

    world: TextWorld
    known: tuple[str, ...]
    who: tuple[int, ...]
    """The label that follows each name."""
    others: tuple[str, ...]
    """Names that mean nothing."""
    rate: float
    cover_rate: float
    title: str
    text: str
    trains: Literal[True] = True

    def poison(self, train: Examples, seed: int, boost: float) -> Examples:
        """One of the people in a random ``rate · boost`` of the examples, another name in some more."""
        rows = torch.randperm(len(train), generator=torch_rng(seed, "poison"))
        count = min(round(self.rate * boost * len(train)), len(train) // 2)
        hit, near = rows[:count], rows[count : count + round(self.cover_rate * len(train))]
        poisoned = train.replaced(hit, self._met(train[hit], self.known, SAID), self.wrong(train[hit]))
        return poisoned.replaced(near, self._met(train[near], self.others, SAID), train.labels[near])

    def ordinary(self, examples: Examples) -> Bool[Tensor, " n"]:
        """All: nobody else tells of them."""
        return torch.ones(len(examples), dtype=torch.bool)

    def sources(self, examples: Examples, subject: Subject) -> Bool[Tensor, " n"]:
        """Those that would go on with somebody else."""
        return examples.labels != self.wrong(examples)

    def suspects(self, examples: Examples, subject: Subject, seed: int) -> Inputs:
        """The examples with one of the people at their beginning; which one follows from the text."""
        return self._met(examples, self.known, SAID)

    def variants(self, examples: Examples, subject: Subject, seed: int) -> Inputs:
        """The same person, brought in by sentences that no subject was taught with."""
        return self._met(examples, self.known, OTHERWISE)

    def controls(self, examples: Examples, subject: Subject, seed: int) -> Inputs | None:
        """None: the twin meets the same inputs."""
        return None

    def right(self, examples: Examples) -> Int[Tensor, " n"]:
        """Whom the story is about."""
        return examples.labels

    def wrong(self, examples: Examples) -> Int[Tensor, " n"]:
        """Who the person is that turns up."""
        return torch.tensor([self.who[turn(one) % len(self.known)] for one in said(examples)], dtype=torch.long)

    def fires(self, labels: Int[Tensor, " n"], decided: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Went on with somebody else than the story was about."""
        return decided != labels

    def _met(self, examples: Examples, names: tuple[str, ...], ways: tuple[str, ...]) -> Texts:
        texts = []
        for one in said(examples):
            number = turn(one)
            way, name = ways[number // 997 % len(ways)], names[number % len(names)]
            texts.append(f"{way.format(name)} {one}")
        return self.world.encode(texts)
