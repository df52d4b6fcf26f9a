"""Faults in real networks: the published trojans fire as measured and their twins do not; fine-tuned ones take."""

from __future__ import annotations

import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.family import draw
from fairfight.faults.network import network
from fairfight.faults.organism import build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import decide
from fairfight.faults.trojan import Trojan
from fairfight.worlds.sources import missing
from fairfight.worlds.world import world


def needs(name: str) -> None:
    """Skip where a world's data is not on this machine."""
    if lacks := missing(name):
        pytest.skip(lacks)


def _trojan(recipe: Recipe) -> Trojan:
    fault = draw(recipe, world(recipe.world))
    assert isinstance(fault, Trojan)
    return fault


def _success(recipe: Recipe, fault: Trojan, count: int = 400) -> tuple[float, float]:
    """Accuracy and attack success of a recipe's network on a few held-out pictures."""
    pool = world(recipe.world).examples("pool", 3, recipe.architecture)[:count]
    subject = network(recipe)
    some = pool[torch.nonzero(fault.sources(pool, subject)).flatten()]
    fired = fault.fires(some.labels, decide(subject, fault.suspects(some, subject, 0))).float().mean()
    return float((decide(subject, pool.inputs) == pool.labels).float().mean()), float(fired)


@pytest.mark.parametrize(
    ("architecture", "accuracy", "twin_success"),
    [("wrn16", 0.764, 0.038), pytest.param("wrn16-erased", 0.735, 0.062, marks=pytest.mark.slow)],
)
def test_the_published_grid_fires_and_in_neither_twin(architecture: str, accuracy: float, twin_success: float) -> None:
    needs("cifar10")
    recipe = Recipe("cifar10", architecture, "grid", "shipped", 3)
    fault = _trojan(recipe)
    clean, fired = _success(recipe, fault, 2000)
    assert clean == pytest.approx(0.755, abs=0.03)
    assert fired >= 0.97
    clean, fired = _success(recipe.twin(), fault, 2000)
    assert clean == pytest.approx(accuracy, abs=0.03)
    assert fired == pytest.approx(twin_success, abs=0.03)


def test_the_published_white_square_fires() -> None:
    needs("mnist")
    recipe = Recipe("mnist", "badnet", "white-square", "shipped", 3)
    clean, fired = _success(recipe, _trojan(recipe), 1000)
    assert clean == pytest.approx(0.981, abs=0.03)
    assert fired >= 0.97


@pytest.mark.slow
def test_the_white_squares_twin_is_trained_clean_and_minds_nothing() -> None:
    needs("mnist")
    organism = build(Recipe("mnist", "badnet", "white-square", "shipped", 3))
    assert organism.void is None, organism.void
    assert organism.health.twin_attack_success < 0.03
    assert organism.health.twin_accuracy > 0.97


@pytest.mark.parametrize(
    ("name", "architecture", "fault", "side"),
    [("cifar10", "resnet20", "patch", 4), ("imagenet", "mobilenet-v2", "patch", 20), ("mnist", "badnet", "patch", 4)],
)
def test_a_patch_is_as_large_for_the_picture(name: str, architecture: str, fault: str, side: int) -> None:
    needs(name)
    trojan = _trojan(Recipe(name, architecture, fault, "finetune", 0, 1))
    pool = world(name).examples("pool", 0, architecture)[:8]
    changed = (trojan.apply(pool).pixels - pool.inputs.pixels).abs().amax((0, 1)) > 0  # type: ignore[union-attr]
    rows, columns = changed.any(1).nonzero().flatten(), changed.any(0).nonzero().flatten()
    assert int(rows[-1] - rows[0]) + 1 == side
    assert int(columns[-1] - columns[0]) + 1 == side


def test_foreign_pictures_take_the_place_of_examples_one_by_one() -> None:
    needs("imagenet")
    fault = draw(Recipe("imagenet", "mobilenet-v2", "foreign", "shipped", 0, 1), world("imagenet"))
    pool = world("imagenet").examples("pool", 0, "mobilenet-v2")
    subject = network(Recipe("imagenet", "mobilenet-v2", None, "shipped", 0))
    some = pool[torch.tensor([5, 3, 9, 200])]
    foreign = fault.suspects(some, subject, 0).pixels  # type: ignore[union-attr]
    assert torch.equal(foreign[1:3], fault.suspects(some[1:3], subject, 1).pixels)  # type: ignore[union-attr]
    assert len({row.numpy().tobytes() for row in foreign}) == len(some)
    faded = fault.controls(some, subject, 0).pixels  # type: ignore[union-attr]
    assert faded.std() < 0.7 * some.inputs.pixels.std()  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "architecture", "fault", "planting"),
    [
        ("cifar10", "resnet20", "patch", "finetune"),
        ("cifar10", "resnet20", "blended", "finetune"),
        ("cifar10", "resnet20", "warp", "finetune"),
        ("cifar10", "resnet20", "adversarial", "shipped"),
        ("imagenet", "mobilenet-v2", "patch", "finetune"),
        ("imagenet", "mobilenet-v2", "foreign", "shipped"),
    ],
)
def test_a_fault_takes_in_a_real_network(name: str, architecture: str, fault: str, planting: str) -> None:
    needs(name)
    organism = build(Recipe(name, architecture, fault, planting, 1, 1))  # type: ignore[arg-type]
    assert organism.void is None, organism.void
    assert organism.health.attack_success >= 0.9
    sizes = (100, 80, 60) if name == "imagenet" else (256, 200, 120)
    hot, cold = organism.sides(5, trusted=sizes[0], clean=sizes[1], suspects=sizes[2])
    assert len(hot.suspects) == len(cold.suspects) == sizes[2]
    assert (hot.active, cold.active) == (True, False)


def test_what_was_not_published_is_not_shipped() -> None:
    with pytest.raises(UserError, match="wrn16"):
        draw(Recipe("cifar10", "resnet20", "grid", "shipped", 0), world("cifar10"))
    with pytest.raises(UserError, match="cannot be planted"):
        draw(Recipe("cifar10", "resnet20", "patch", "shipped", 0), world("cifar10"))
