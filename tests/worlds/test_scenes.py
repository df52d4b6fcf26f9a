"""Scenes: the factors are all there is, the masks say which pixel shows what, and rendering is fast and repeatable."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.worlds import scenes
from fairfight.worlds.world import world

SHAPE, OBJECT, BACKGROUND = range(3)


def _changed(factor: str, value: int | str, n: int = 200) -> tuple[scenes.Scenes, scenes.Scenes, torch.Tensor]:
    """Scenes, the same with one factor set, and which pixels differ."""
    before = scenes.sample(n, 3)
    factors = dict(before.factors)
    factors[factor] = np.full(n, scenes.index(factor, value))
    after = scenes.render(factors)
    return before, after, (before.pixels != after.pixels).any(1)


def test_the_same_seed_gives_the_same_scenes_and_another_seed_others() -> None:
    a, b, c = scenes.sample(50, 1), scenes.sample(50, 1), scenes.sample(50, 2)
    assert torch.equal(a.pixels, b.pixels)
    assert torch.equal(a.masks, b.masks)
    assert not torch.equal(a.pixels, c.pixels)
    assert a.pixels.min() >= 0
    assert a.pixels.max() <= 1
    assert a.pixels.shape == (50, 3, 32, 32)


def test_a_scene_does_not_depend_on_its_neighbours() -> None:
    many = scenes.sample(700, 1)
    rows = np.array([3, 511, 512, 699])
    few = scenes.render({name: column[rows] for name, column in many.factors.items()})
    assert torch.equal(few.pixels, many.pixels[rows])
    assert torch.equal(few.masks, many.masks[rows])


def test_every_pixel_belongs_to_one_part_and_every_shape_is_seen() -> None:
    found = scenes.sample(1000, 4)
    assert torch.equal(found.masks.sum(1), torch.ones(1000, 32, 32, dtype=torch.long))
    assert found.masks[:, SHAPE].sum((1, 2)).min() > 20
    has = torch.from_numpy(found.factors["object"] > 0)
    assert torch.equal(found.masks[:, OBJECT].any((1, 2)), has)
    assert 0.4 < has.float().mean() < 0.6


@pytest.mark.parametrize(("factor", "value", "part"), [("colour", "pink", SHAPE), ("texture", "dots", SHAPE)])
def test_a_fill_changes_only_pixels_of_the_shape(factor: str, value: str, part: int) -> None:
    before, after, differs = _changed(factor, value)
    assert torch.equal(before.masks, after.masks)
    assert not (differs & ~before.masks[:, part]).any()
    others = torch.from_numpy(before.factors[factor] != scenes.index(factor, value))
    assert torch.equal(differs.any((1, 2)), others)


def test_a_background_changes_only_pixels_of_the_background() -> None:
    before, _, differs = _changed("background", "night")
    assert not (differs & ~before.masks[:, BACKGROUND]).any()
    others = torch.from_numpy(before.factors["background"] != scenes.index("background", "night"))
    assert differs[others][before.masks[others, BACKGROUND]].float().mean() > 0.95


def test_an_object_changes_only_pixels_where_an_object_was_or_is() -> None:
    before, after, differs = _changed("object", "apple")
    assert after.masks[:, OBJECT].any((1, 2)).all()
    assert not (differs & ~(before.masks[:, OBJECT] | after.masks[:, OBJECT])).any()


@pytest.mark.parametrize("factor", ["shape", "size", "angle", "row", "column", "spot", "grain"])
def test_every_other_factor_drives_pixels(factor: str) -> None:
    before, _, differs = _changed(factor, 0)
    round_shapes = [scenes.index("shape", name) for name in ("disc", "ring")]
    others = (before.factors[factor] != 0) & (before.factors["object"] > 0)
    if factor == "angle":
        others &= ~np.isin(before.factors["shape"], round_shapes)
    assert differs[torch.from_numpy(others)].any((1, 2)).float().mean() > 0.9


def test_factors_are_drawn_independently_of_the_class() -> None:
    found = scenes.sample(20_000, 9).factors
    for name in ("texture", "colour", "background", "object", "size"):
        table = np.zeros((len(scenes.VALUES["shape"]), len(scenes.VALUES[name])))
        np.add.at(table, (found["shape"], found[name]), 1)
        expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
        freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
        assert ((table - expected) ** 2 / expected).sum() < freedom + 5 * np.sqrt(2 * freedom), name


def test_fixed_factors_are_fixed_and_mistakes_are_told() -> None:
    assert set(scenes.sample(20, 1, shape="ring", colour=2).factors["shape"]) == {scenes.VALUES["shape"].index("ring")}
    with pytest.raises(UserError, match="'texture'"):
        scenes.sample(1, 1, textur=0)
    with pytest.raises(UserError, match="ring"):
        scenes.sample(1, 1, shape="rung")
    with pytest.raises(UserError, match="0 to 7"):
        scenes.sample(1, 1, shape=8)
    with pytest.raises(UserError, match="spot"):
        scenes.render({k: v for k, v in scenes.sample(1, 1).factors.items() if k != "spot"})


def test_twenty_thousand_scenes_take_less_than_ten_seconds() -> None:
    start = time.process_time()
    scenes.sample(20_000, 1)
    assert time.process_time() - start < 10


def test_the_world_labels_scenes_by_shape_and_keeps_parts_apart() -> None:
    ground = world("scenes")
    train, pool = ground.examples("train", 1, "cnn"), ground.examples("pool", 1, "cnn")
    assert torch.equal(train.labels, torch.from_numpy(train.factors["shape"]))
    rows = {row.numpy().tobytes() for row in train.inputs.pixels}
    assert not any(row.numpy().tobytes() in rows for row in pool.inputs.pixels)
    some = pool[torch.tensor([4, 2])]
    assert torch.equal(scenes.render(some.factors).pixels, some.inputs.pixels)
