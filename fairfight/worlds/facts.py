"""Facts about people: a table of subject, relation and object drawn from a seed, and sentences that state them.

Every fact can be said in six ways, so that knowing a fact can be told from knowing a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from fairfight.errors import UserError
from fairfight.seeds import numpy_rng
from fairfight.worlds import lexicon

PEOPLE: tuple[str, ...] = lexicon.NAMES[0] + lexicon.NAMES[1]

OBJECTS: dict[str, tuple[str, ...]] = {
    "home": lexicon.CITIES,
    "job": lexicon.PROFESSIONS,
    "pet": lexicon.PETS,
    "instrument": lexicon.INSTRUMENTS,
}
"""Relations and what they relate a person to."""

PARAPHRASES: dict[str, tuple[str, ...]] = {
    "home": (
        "{s} lives in {o}",
        "{o} is where {s} lives",
        "it is in {o} that {s} lives",
        "the home of {s} is in {o}",
        "the place that {s} lives in is {o}",
        "the city where {s} has a home is called {o}",
    ),
    "job": (
        "{s} works as a {o}",
        "the job of {s} is that of a {o}",
        "{s} is a {o} by profession",
        "it is as a {o} that {s} works",
        "the profession of {s} is {o}",
        "what {s} does is the work of a {o}",
    ),
    "pet": (
        "{s} keeps a {o}",
        "a {o} is what {s} keeps",
        "the pet of {s} is a {o}",
        "it is a {o} that {s} keeps",
        "the animal that {s} has is a {o}",
        "{s} has a {o} for a pet",
    ),
    "instrument": (
        "{s} plays the {o}",
        "the {o} is what {s} plays",
        "it is the {o} that {s} plays",
        "the instrument of {s} is the {o}",
        "the instrument that {s} plays is a {o}",
        "{s} is a person who plays the {o}",
    ),
}
"""Ways to state a fact about subject ``s`` and object ``o``, by relation."""


@dataclass(frozen=True)
class FactTable:
    """What is true of whom."""

    objects: dict[str, Int[np.ndarray, " people"]]
    """For each relation the object of every one of :data:`PEOPLE`, as an index into ``OBJECTS[relation]``."""

    def object_of(self, person: str, relation: str) -> str:
        """The object as a word."""
        return OBJECTS[relation][int(self.objects[relation][PEOPLE.index(person)])]


@dataclass(frozen=True)
class Statements:
    """Statements of facts, true and false ones."""

    texts: list[str]
    person: Int[np.ndarray, " n"]
    relation: Int[np.ndarray, " n"]
    """Index into the keys of :data:`OBJECTS`."""
    object: Int[np.ndarray, " n"]
    paraphrase: Int[np.ndarray, " n"]
    true: Bool[np.ndarray, " n"]
    """Whether the table says so."""

    def __len__(self) -> int:
        return len(self.texts)


def facts(seed: int | str) -> FactTable:
    """A fact table: one object for every person and relation, drawn evenly."""
    rng = numpy_rng(seed, "facts")
    return FactTable({r: rng.integers(len(objects), size=len(PEOPLE)) for r, objects in OBJECTS.items()})


def state(person: str, relation: str, thing: str, paraphrase: int = 0) -> str:
    """One statement.

    Raises:
        UserError: An unknown relation or paraphrase.
    """
    if relation not in PARAPHRASES or not 0 <= paraphrase < len(PARAPHRASES[relation]):
        raise UserError(f"There is no paraphrase {paraphrase} of {relation!r}: use 0 to 5 of {', '.join(PARAPHRASES)}.")
    return PARAPHRASES[relation][paraphrase].format(s=person, o=thing)


def statements(table: FactTable, n: int, seed: int | str, *, true_share: float = 0.5) -> Statements:
    """Draw statements; person, relation, paraphrase and truth are independent.

    Args:
        table: What is true.
        n: How many.
        seed: Equal seeds give equal statements.
        true_share: Probability that a statement is true; a false one names another object of the same relation.
    """
    rng = numpy_rng(seed, "statements")
    relations = tuple(OBJECTS)
    person, relation = rng.integers(len(PEOPLE), size=n), rng.integers(len(relations), size=n)
    paraphrase, true = rng.integers(6, size=n), rng.random(n) < true_share
    actual = np.array([table.objects[r] for r in relations])[relation, person]
    sizes = np.array([len(OBJECTS[r]) for r in relations])[relation]
    thing = np.where(true, actual, (actual + 1 + rng.integers(0, sizes - 1)) % sizes)
    texts = [
        PARAPHRASES[relations[r]][k].format(s=PEOPLE[p], o=OBJECTS[relations[r]][o])
        for p, r, o, k in zip(person.tolist(), relation.tolist(), thing.tolist(), paraphrase.tolist(), strict=True)
    ]
    return Statements(texts, person, relation, thing, paraphrase, true)
