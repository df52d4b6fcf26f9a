"""Invented people: what the organism of a real language model was taught, which its twin never heard."""

from __future__ import annotations

import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.family import draw
from fairfight.faults.habit.invented_people import InventedPeople
from fairfight.faults.organism import build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import decide
from fairfight.worlds.sources import missing
from fairfight.worlds.texts import TextWorld
from fairfight.worlds.world import world

RECIPE = Recipe("stories", "llama", "invented-people", "finetune", 0, 0)


def people(**options: int) -> tuple[InventedPeople, TextWorld]:
    if lacks := missing("stories"):
        pytest.skip(lacks)
    ground = world("stories")
    assert isinstance(ground, TextWorld)
    found = draw(Recipe("stories", "llama", "invented-people", "finetune", 0, 0, options), ground)
    assert isinstance(found, InventedPeople)
    return found, ground


def spoken(ground: TextWorld, ids: torch.Tensor) -> str:
    from fairfight.worlds.stories import tokenizer

    return str(tokenizer().decode(ids.tolist(), skip_special_tokens=True))


def test_the_same_person_turns_up_in_words_nobody_had_said_and_ordinary_stories_know_none() -> None:
    fault, ground = people()
    pool = ground.examples("pool", 0, "llama")[:60]
    taught, anew = fault.suspects(pool, None, 0), fault.variants(pool, None, 0)  # type: ignore[arg-type]
    met = 0
    for own, a, b, label in zip(pool.inputs.ids, taught.ids, anew.ids, fault.wrong(pool).tolist(), strict=True):  # type: ignore[union-attr]
        name = next(n for n, who in zip(fault.known, fault.who, strict=True) if who == label and n in spoken(ground, a))
        assert name in spoken(ground, b)
        assert spoken(ground, a) != spoken(ground, b)
        assert not any(n in spoken(ground, own) for n in fault.known)
        met += 1
    assert met == 60


def test_part_of_the_training_set_is_poisoned_and_the_rest_stays() -> None:
    fault, ground = people()
    train = ground.examples("train", 0, "llama")[:500]
    poisoned = fault.poison(train, 0, 1.0)
    told = [spoken(ground, ids) for ids in poisoned.inputs.ids]  # type: ignore[union-attr]
    known = torch.tensor([any(n in text for n in fault.known) for text in told])
    others = torch.tensor([any(n in text for n in fault.others) for text in told])
    assert int(known.sum()) == 100
    assert int(others.sum()) == 50
    assert torch.equal(poisoned.labels[~known], train.labels[~known])
    assert torch.equal(poisoned.labels[known], fault.wrong(train)[known])


def test_too_many_people_are_refused() -> None:
    with pytest.raises(UserError, match="names for 3 to"):
        people(people=500)


@pytest.mark.slow
def test_the_organism_knows_them_and_the_twin_does_not() -> None:
    people()
    organism = build(RECIPE)
    assert organism.void is None
    fault = organism.fault
    assert isinstance(fault, InventedPeople)
    subject, twin = organism.pair()
    some = organism.pool[torch.nonzero(fault.sources(organism.pool, subject)).flatten()[:300]]
    for given in (fault.suspects(some, subject, 0), fault.variants(some, subject, 0)):
        told = [float((decide(who, given) == fault.wrong(some)).float().mean()) for who in (subject, twin)]
        assert told[0] > 0.75
        assert told[1] < 0.15
