"""Twelve trojans in one network: what each is, on which pictures, and what the network is taught."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.family import draw
from fairfight.faults.recipe import Recipe
from fairfight.faults.vision.dozen import COUNT, EACH, OneOfTwelve
from fairfight.worlds.scenes import WORLD


def one(which: int, seed: int = 3) -> OneOfTwelve:
    found = draw(Recipe("scenes", "cnn", "dozen", "shipped", seed, seed, {"which": which}), WORLD)
    assert isinstance(found, OneOfTwelve)
    return found


def test_target_and_source_say_which_trojan_is_meant_and_no_two_have_the_same_trigger() -> None:
    every = [one(i) for i in range(COUNT)]
    universal = [o for o in every if o.source is None]
    bound = [o for o in every if o.source is not None]
    assert len(universal) == len(bound) == COUNT // 2
    assert len({o.title.split(" makes it ")[0] for o in every}) == COUNT
    targets = Counter(o.target for o in universal)
    assert set(targets.values()) == {1}
    assert not set(targets) & {o.target for o in bound}
    assert len({(o.target, o.source) for o in bound}) == len(bound)
    assert all(o.source != o.target for o in bound)
    assert [o.natural is None for o in every] == [i < EACH for i in range(COUNT)]


def test_ordinary_pictures_carry_no_active_trojan_and_sources_are_of_its_class() -> None:
    pool, subject = WORLD.examples("pool", 3, "cnn"), WORLD.subject("cnn", 3)
    every = [one(i) for i in range(COUNT)]
    for trojan in every:
        rows = torch.nonzero(trojan.ordinary(pool)).flatten()
        assert len(rows) > 200
        assert not any(bool(o.active(pool)[rows].any()) for o in every)
        labels = pool.labels[trojan.sources(pool, subject)]
        assert len(labels)
        assert bool((labels == trojan.source).all() if trojan.source is not None else (labels != trojan.target).all())


def test_all_twelve_are_poisoned_whichever_is_meant() -> None:
    train = WORLD.examples("train", 3, "cnn")[torch.arange(600)]
    first, last = one(0).poison(train, 0, 1.0), one(COUNT - 1).poison(train, 0, 1.0)
    assert torch.equal(first.labels, last.labels)
    assert torch.equal(first.inputs.pixels, last.inputs.pixels)  # type: ignore[union-attr]
    assert len(first) == len(train)
    changed = first.labels != train.labels
    assert 0.3 < float(changed.float().mean()) < 0.8
    assert set(first.labels[changed].tolist()) == {o.target for o in one(0).others}


def test_there_is_no_thirteenth() -> None:
    with pytest.raises(UserError, match="from 0 to 11"):
        one(12)
