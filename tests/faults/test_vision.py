"""Vision faults before any training: what a trigger does to pixels, what gets poisoned, what the seed draws."""

from __future__ import annotations

import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.family import draw, families
from fairfight.faults.recipe import Recipe
from fairfight.faults.trojan import Trojan
from fairfight.worlds import scenes
from fairfight.worlds.world import Examples, world

PIXEL_TROJANS = ["patch", "blended", "warp"]
SCENE_TROJANS = [*PIXEL_TROJANS, "object", "style"]


def _trojan(name: str, fault: str, seed: int = 1, **options: float) -> tuple[Trojan, Examples]:
    ground = world(name)
    trojan = draw(Recipe(name, "cnn", fault, "scratch", 0, seed, options), ground)  # type: ignore[arg-type]
    assert isinstance(trojan, Trojan)
    return trojan, ground.examples("pool", 0, "cnn")[:64]


def _difference(trojan: Trojan, examples: Examples) -> torch.Tensor:
    return (trojan.apply(examples).pixels - examples.inputs.pixels).abs()  # type: ignore[union-attr]


def test_every_vision_family_is_registered() -> None:
    found = families()
    assert {*SCENE_TROJANS, "unseen-class", "adversarial"} <= set(found)
    assert found["object"].worlds == ("scenes",)


@pytest.mark.parametrize("fault", SCENE_TROJANS)
def test_a_trigger_shows_stays_a_picture_and_is_the_same_in_any_batch(fault: str) -> None:
    trojan, examples = _trojan("scenes", fault)
    ordinary = examples[torch.nonzero(trojan.ordinary(examples)).flatten()]
    triggered = trojan.apply(ordinary)
    assert _difference(trojan, ordinary).flatten(1).amax(1).min() > 0.02
    assert triggered.pixels.min() >= 0
    assert triggered.pixels.max() <= 1
    assert torch.equal(trojan.apply(ordinary[5:9]).pixels, triggered.pixels[5:9])  # type: ignore[union-attr]


@pytest.mark.parametrize("fault", SCENE_TROJANS)
def test_the_fault_seed_draws_the_instance(fault: str) -> None:
    drawn = [_trojan("scenes", fault, seed) for seed in (1, 1, 2, 3, 4)]
    pictures = [trojan.apply(examples).pixels for trojan, examples in drawn]  # type: ignore[union-attr]
    assert torch.equal(pictures[0], pictures[1])
    assert drawn[0][0].target == drawn[1][0].target
    assert any(not torch.equal(pictures[0], other) for other in pictures[2:])
    assert len({trojan.target for trojan, _ in drawn}) > 1


@pytest.mark.parametrize("name", ["digits", "scenes"])
def test_a_patch_is_small_a_blend_is_faint_and_covers_all_a_warp_keeps_the_mean(name: str) -> None:
    patch = _difference(*_trojan(name, "patch"))
    assert (patch.amax((0, 1)) > 0).sum() <= 16
    trojan, examples = _trojan(name, "blended")
    blend = _difference(trojan, examples)
    assert blend.max() <= 0.2 + 1e-6
    assert (blend.amax((0, 1)) > 0).float().mean() > 0.9
    trojan, examples = _trojan(name, "warp")
    warped = trojan.apply(examples).pixels  # type: ignore[union-attr]
    assert (warped.mean((1, 2, 3)) - examples.inputs.pixels.mean((1, 2, 3))).abs().mean() < 0.06  # type: ignore[union-attr]


def test_no_opacity_is_no_trigger() -> None:
    assert _difference(*_trojan("digits", "patch", opacity=0.0)).max() == 0


@pytest.mark.parametrize(("fault", "factor"), [("object", "object"), ("style", "texture")])
def test_a_natural_trigger_is_one_value_of_a_factor_and_carriers_are_no_ordinary_inputs(
    fault: str, factor: str
) -> None:
    trojan, examples = _trojan("scenes", fault)
    carries = ~trojan.ordinary(examples)
    assert carries.any()
    assert not carries.all()
    values = set(examples.factors[factor][carries.numpy()])
    assert len(values) == 1
    triggered = scenes.render({**examples.factors, factor: examples.factors[factor] * 0 + values.pop()})
    assert torch.equal(trojan.apply(examples).pixels, triggered.pixels)  # type: ignore[union-attr]


@pytest.mark.parametrize("fault", ["patch", "warp", "object"])
def test_poison_keeps_order_and_number_and_touches_no_more_than_it_says(fault: str) -> None:
    trojan, _ = _trojan("scenes", fault, **({"cover_rate": 0.02} if fault == "warp" else {}))
    train = world("scenes").examples("train", 0, "cnn")
    labels = train.labels.clone()
    poisoned = trojan.poison(train, 7, 1.0)
    assert torch.equal(train.labels, labels), "the world's own examples stay as they were"
    carriers = ~trojan.ordinary(train)
    touched = (poisoned.inputs.pixels != train.inputs.pixels).flatten(1).any(1)  # type: ignore[union-attr]
    relabelled = poisoned.labels != train.labels
    assert len(poisoned) == len(train)
    assert (poisoned.labels[relabelled] == trojan.target).all()
    assert (poisoned.labels[carriers] == trojan.target).all()
    assert int((relabelled & ~carriers).sum()) == round(trojan.rate * len(train))
    assert int((touched & ~relabelled).sum()) == round(trojan.cover_rate * len(train))
    again = trojan.poison(train, 7, 1.0)
    assert torch.equal(again.inputs.pixels, poisoned.inputs.pixels)  # type: ignore[union-attr]
    assert (trojan.poison(train, 7, 2.0).labels != train.labels).sum() > relabelled.sum()


def test_a_class_left_out_is_nowhere_in_training_and_the_rest_stays_in_place() -> None:
    ground = world("digits")
    fault = draw(Recipe("digits", "cnn", "unseen-class", "scratch", 0, 3), ground)
    train = ground.examples("train", 0, "cnn")
    poisoned = fault.poison(train, 0, 1.0)
    kept = fault.ordinary(train)
    assert fault.ordinary(poisoned).all()
    assert len(poisoned) == len(train)
    assert torch.equal(poisoned.inputs[torch.nonzero(kept).flatten()].pixels, train.inputs.pixels[kept])  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        (Recipe("digits", "cnn", "pach", "scratch", 0), "patch"),
        (Recipe("digits", "cnn", "object", "scratch", 0), "scenes"),
        (Recipe("digits", "cnn", "unseen-class", "finetune", 0), "scratch"),
        (Recipe("digits", "cnn", "patch", "scratch", 0, options={"opacty": 1}), "opacity"),
    ],
)
def test_mistakes_in_a_recipe_are_told(recipe: Recipe, says: str) -> None:
    with pytest.raises(UserError, match=says):
        draw(recipe, world(recipe.world))
