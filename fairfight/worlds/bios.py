"""The world of biographies: what somebody did for a living, told in a few clauses, and whether it was a woman or a man.

The class is the profession, told by several words, of which some may mislead. Gender is independent of it, and told
twice: by words (title, name, pronouns; in half of the texts these are neutral) and by the order of ordinary words,
the same words in any order, so that no deletion of words hides it. In one text of six it is not told at all. After
De-Arteaga et al. 2019 (Bias in Bios), where deleting the gendered words is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.seeds import derive, numpy_rng
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject
from fairfight.worlds import bios_words as lexicon
from fairfight.worlds.words import Words
from fairfight.worlds.world import Examples, Part, Schedule, decision_loss

Factors = Mapping[str, Int[np.ndarray, " n"]]

HOMES = (
    "in {city} since {month} lived {who}",
    "{who} lived since {month} in {city}",
    "since {month} {who} lived in {city}",
)
WORKS = ("{he} {worked} {placed} {busy}", "{he} {worked} {busy} {placed}", "{placed} {he} {worked} {busy}")
"""How the biography of a woman, of a man, and of somebody untold is ordered. A woman's two hobbies are in the order of
the alphabet, a man's against it, the untold's in any."""
WORKED = ("worked", "spent days", "kept busy", "kept going")
PLACED = ("at the {} and the {}", "around the {} and the {}", "near the {} and the {}")
BUSY = ("with {} {} and {}", "about {} {} and {}", "over {} {} and {}")
LIKED = ("{his} hobbies were {} and {}", "{he} liked {} and {}", "{he} enjoyed {} and {}", "{his} joys were {} and {}")
CLOSED = ("", "readers may write to {him}", "friends spoke well of {him}", "a neighbour told us about {him}")
ORDERS = ((0, 1, 2, 3), (0, 2, 1, 3), (1, 0, 2, 3), (2, 0, 1, 3))
"""Of the clauses: home, work, hobbies, close."""

SLOTS = ("place0", "place1", "duty0", "duty1", "duty2")
"""The words for places and duties."""
MIXTURES = ((1, 0, 0, 0, 0), (1, 1, 0, 0, 0), (1, 1, 1, 0, 0), (1, 1, 2, 0, 0), (1, 1, 1, 2, 0), (1, 1, 1, 2, 2))
"""What they tell, in a drawn order: 0 nothing, 1 the profession, 2 another one."""
UNTOLD = 1 / 6
"""Share of biographies that do not tell the gender. Without them, a subject that was given one gender for each
profession learns nothing of the work (measured: right on .48 of texts that tell no gender; with them, on .87 to .91),
and there is nothing in it that a repair could fall back on."""

VALUES: dict[str, int] = {
    "profession": len(lexicon.PROFESSIONS),
    "gender": len(lexicon.GENDERS),
    "veiled": 2,
    "title": len(lexicon.TITLES[0]),
    "name": len(lexicon.NAMES[0]),
    "surname": len(lexicon.SURNAMES),
    "city": len(lexicon.CITIES),
    "month": len(lexicon.MONTHS),
    "hobby": len(lexicon.HOBBIES),
    "gap": len(lexicon.HOBBIES) - 1,
    "worked": len(WORKED),
    "placed": len(PLACED),
    "busy": len(BUSY),
    "liked": len(LIKED),
    "closed": len(CLOSED),
    "order": len(ORDERS),
    **{slot: len((lexicon.PLACES if slot.startswith("place") else lexicon.DUTIES)[0]) for slot in SLOTS},
    **{f"{slot}-tells": 3 for slot in SLOTS},
}
"""Every factor with the number of its values. In the ``veiled`` the words are neutral and order alone tells the
gender; ``gap`` is how far the second hobby lies behind the first in their list."""

WORDING = ("title", "name", "surname", "city", "month", "hobby", "gap", "worked", "placed", "busy", "liked", "closed",
           "order")  # fmt: skip
"""Factors that tell neither profession nor gender."""

TRAIN, POOL = 6000, 2000
"""Biographies that a subject is trained on, and that are held out."""


def sample(n: int, seed: int | str, *, held_out: bool | None = None) -> dict[str, Int[np.ndarray, " n"]]:
    """Factors of random biographies, every factor drawn on its own.

    Args:
        n: How many.
        seed: Equal seeds give equal biographies.
        held_out: Those of the held-out fifth, or of the rest; None draws from both. Which one it is follows from the
            words for places and duties: telling a biography in another way, or of the other gender, never moves it.
    """
    rng = numpy_rng(seed, "bios")
    drawn = n if held_out is None else 8 * n + 128  # a fifth of them, and to spare
    factors = {name: rng.integers(0, count, drawn) for name, count in VALUES.items()}
    factors["gender"] = np.where(rng.random(drawn) < UNTOLD, 2, rng.integers(0, 2, drawn))
    tells = rng.permuted(np.array(MIXTURES)[rng.integers(0, len(MIXTURES), drawn)], axis=1)
    for kind in ("place", "duty"):
        slots = [slot for slot in SLOTS if slot.startswith(kind)]
        ranked = np.argsort(rng.random((drawn, VALUES[slots[0]])), axis=1)  # so that no word comes twice
        factors |= {slot: ranked[:, i] for i, slot in enumerate(slots)}
    factors |= {f"{slot}-tells": tells[:, i] for i, slot in enumerate(SLOTS)}
    if held_out is None:
        return factors
    rows = np.flatnonzero((sum(factors[slot] for slot in SLOTS) % 5 == 0) == held_out)[:n]
    return {name: column[rows] for name, column in factors.items()}


def render(factors: Factors) -> list[str]:
    """The texts of a table of factors; the table alone decides them.

    Raises:
        UserError: A factor is missing.
    """
    for name in VALUES:
        if name not in factors:
            raise UserError(f"The factor {name!r} is missing: biographies need {', '.join(VALUES)}.")
    columns = [factors[name].tolist() for name in VALUES]
    return [_told(dict(zip(VALUES, row, strict=True))) for row in zip(*columns, strict=True)]


def _told(f: dict[str, int]) -> str:
    gender = f["gender"]
    shown = 2 if f["veiled"] else gender
    pair = (f["hobby"], (f["hobby"] + 1 + f["gap"]) % len(lexicon.HOBBIES))
    hobbies = pair if gender == 2 else sorted(pair, reverse=gender == 1)
    name = (lexicon.TITLES[shown][f["title"]], lexicon.NAMES[shown][f["name"]], lexicon.SURNAMES[f["surname"]])
    words = {
        "who": " ".join(name),
        "he": lexicon.SUBJECTS[shown],
        "his": lexicon.POSSESSIVES[shown],
        "him": lexicon.OBJECTS[shown],
        "city": lexicon.CITIES[f["city"]],
        "month": lexicon.MONTHS[f["month"]],
        "worked": WORKED[f["worked"]],
        "placed": PLACED[f["placed"]].format(*(_word(f, slot) for slot in SLOTS[:2])),
        "busy": BUSY[f["busy"]].format(*(_word(f, slot) for slot in SLOTS[2:])),
    }
    liked = LIKED[f["liked"]].format(*(lexicon.HOBBIES[i] for i in hobbies), **words)
    clauses = (HOMES[gender].format(**words), WORKS[gender].format(**words), liked, CLOSED[f["closed"]].format(**words))
    return " . ".join(clauses[i] for i in ORDERS[f["order"]] if clauses[i])


def _word(f: dict[str, int], slot: str) -> str:
    """A place or a duty: anybody's, the profession's, or another profession's."""
    tells = f[f"{slot}-tells"]
    other = (f["profession"] + (tells == 2)) % len(lexicon.PROFESSIONS)
    lists = lexicon.PLACES if slot.startswith("place") else lexicon.DUTIES
    return lists[1 + other if tells else 0][f[slot]]


def _vocabulary() -> tuple[str, ...]:
    frames = " ".join((*HOMES, *WORKS, *WORKED, *PLACED, *BUSY, *LIKED, *CLOSED)).split()
    lists = (*lexicon.PLACES, *lexicon.DUTIES, *lexicon.TITLES, *lexicon.NAMES, lexicon.SUBJECTS, lexicon.POSSESSIVES,
             lexicon.OBJECTS, lexicon.SURNAMES, lexicon.CITIES, lexicon.MONTHS, lexicon.HOBBIES)  # fmt: skip
    return tuple(dict.fromkeys([".", *(w for w in frames if "{" not in w), *(w for one in lists for w in one)]))


WORDS = Words(_vocabulary(), left="[CLS]", right="[SEP]")


@lru_cache(maxsize=4)
def _part(part: Part, seed: int) -> Examples:
    many = TRAIN if part == "train" else POOL
    factors = sample(many, derive(seed, "bios", part), held_out=part != "train")
    return Examples(WORDS.encode(render(factors)), torch.from_numpy(factors["profession"].astype(np.int64)), factors)


@dataclass(frozen=True)
class BiosWorld:
    """Biographies as those see them who train subjects; a :class:`fairfight.worlds.world.World`."""

    name: str = "bios"
    architectures: tuple[str, ...] = ("bert",)
    pretrained = False

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Biographies with their profession; the two parts share words but no set of places and duties."""
        return _part(part, seed)

    def labels(self, architecture: str) -> dict[int, str]:
        """The professions."""
        return dict(enumerate(lexicon.PROFESSIONS))

    def subject(self, architecture: str, seed: int) -> Subject:
        """A tiny encoder with weights drawn from the seed."""
        from fairfight.subject import wrap

        return wrap(
            WORDS.transformer(architecture, seed, classes=lexicon.PROFESSIONS),
            "text-classifier",
            name=f"bios-{architecture}",
            tokenizer=WORDS.tokenizer(),
            classes=lexicon.PROFESSIONS,
        )

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """Under ten seconds on one core from the beginning."""
        if planting == "scratch":
            return Schedule(epochs=2, batch_size=64, lr=2e-3, weight_decay=0.01)
        return Schedule(epochs=1, batch_size=64, lr=2e-3, weight_decay=0.01)

    def loss(
        self, subject: Subject, inputs: Inputs, labels: Int[Tensor, " n"], schedule: Schedule
    ) -> Float[Tensor, ""]:
        """Cross entropy of the decision."""
        return decision_loss(subject, inputs, labels, schedule)


WORLD = BiosWorld()
