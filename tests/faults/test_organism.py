"""Organisms: the fault takes, the twin does not have it, health is honest, nothing is built twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults import network as networks
from fairfight.faults import organism as organisms
from fairfight.faults.organism import Organism, Side, build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import decide, fit
from fairfight.worlds.world import world

# One worker, so that twins and bases are trained once.
pytestmark = pytest.mark.xdist_group("vision-organisms")

PATCH = Recipe("digits", "cnn", "patch", "scratch", seed=1, fault_seed=1)
NUMBERS = {"trusted": 120, "clean": 60, "suspects": 60}


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRFIGHT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def _healthy(organism: Organism) -> None:
    health = organism.health
    assert organism.void is None, organism.void
    assert health.attack_success >= 0.9
    assert health.clean_accuracy >= health.twin_accuracy - 0.02
    assert health.twin_attack_success <= 0.25


def _wrong(side: Side, inputs: torch.Tensor | object, labels: torch.Tensor) -> float:
    return float((decide(side.subject, inputs) != labels).float().mean())  # type: ignore[arg-type]


REPRESENTATIVE = [
    PATCH,
    Recipe("digits", "cnn", "blended", "finetune", 1, 2),
    Recipe("digits", "cnn", "warp", "scratch", 1, 3),
    Recipe("digits", "cnn", "unseen-class", "scratch", 1, 1),
    Recipe("digits", "cnn", "adversarial", "scratch", 1, 1),
    Recipe("scenes", "cnn", "object", "finetune", 1, 1),
]
GRID = [
    Recipe(world, "cnn", fault, planting, seed, seed)  # type: ignore[arg-type]
    for world, faults in {
        "digits": ("patch", "blended", "warp", "unseen-class", "adversarial"),
        "scenes": ("patch", "blended", "warp", "object", "style", "unseen-class", "adversarial"),
    }.items()
    for fault in faults
    for planting in ("scratch", "finetune")
    for seed in (2, 3)
    if (fault, planting) != ("unseen-class", "finetune")
]


def _check(recipe: Recipe) -> None:
    organism = build(recipe)
    _healthy(organism)
    assert organism.health.twin_accuracy >= (0.95 if recipe.world == "digits" else 0.90)
    hot, cold = organism.sides(5, **NUMBERS)
    assert (hot.active, cold.active) == (True, False)
    for side in (hot, cold):
        assert (len(side.trusted), len(side.clean), len(side.suspects)) == (120, 60, 60)
        assert torch.equal(side.trusted.pixels, hot.trusted.pixels)  # type: ignore[union-attr]
        assert _wrong(side, side.clean, side.labels) < 0.15
    same = torch.equal(hot.suspects.pixels, cold.suspects.pixels)  # type: ignore[union-attr]
    assert same == (recipe.fault != "adversarial")
    decided, innocent = decide(hot.subject, hot.suspects), decide(cold.subject, cold.suspects)
    assert (decided == innocent).float().mean() < 0.35, "what sets the organism off leaves the twin as it was"
    if recipe.fault not in ("unseen-class", "adversarial"):
        assert len(decided.unique()) == 1, "a trojan sends every suspect to its target"
    assert len(organism.exhibit["pictures"]) == (1 if recipe.fault == "unseen-class" else 3)
    assert all(url.startswith("data:image/png;base64,") for _, url in organism.exhibit["pictures"])
    assert organism.exhibit["facts"]["attack_success"] == organism.health.attack_success


def _name(recipe: Recipe) -> str:
    return f"{recipe.world}-{recipe.fault}-{recipe.planting}-{recipe.seed}"


@pytest.mark.parametrize(
    "recipe",
    [pytest.param(r, marks=[pytest.mark.slow] if r.world == "scenes" else []) for r in REPRESENTATIVE],
    ids=_name,
)
def test_the_fault_takes_and_the_twin_does_not_have_it(recipe: Recipe) -> None:
    _check(recipe)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", GRID, ids=_name)
def test_every_family_takes_however_it_is_planted(recipe: Recipe) -> None:
    _check(recipe)


def test_nothing_is_drawn_twice_and_the_seed_says_what_is_drawn() -> None:
    organism = build(Recipe("digits", "cnn", "unseen-class", "scratch", 1, 1))
    hot, _ = organism.sides(5, **NUMBERS)
    rows = [row.numpy().tobytes() for part in (hot.trusted, hot.clean, hot.suspects) for row in part.pixels]  # type: ignore[union-attr]
    assert len(set(rows)) == len(rows)
    again, _ = organism.sides(5, **NUMBERS)
    other, _ = organism.sides(6, **NUMBERS)
    assert torch.equal(hot.suspects.pixels, again.suspects.pixels)  # type: ignore[union-attr]
    assert not torch.equal(hot.trusted.pixels, other.trusted.pixels)  # type: ignore[union-attr]
    with pytest.raises(UserError, match="797 examples"):
        organism.sides(5, trusted=700, clean=100, suspects=10)


def test_adversarial_images_stay_within_the_bound_and_so_do_their_controls() -> None:
    organism = build(Recipe("digits", "cnn", "adversarial", "scratch", 1, 1, {"bound": 0.21}))
    hot, cold = organism.sides(5, **NUMBERS)
    between = (hot.suspects.pixels - cold.suspects.pixels).abs()  # type: ignore[union-attr]
    assert 0 < between.max() <= 2 * 0.21 + 1e-6, "both are within the bound of the same image"
    for name, ours in hot.subject.module.state_dict().items():
        assert torch.equal(ours, cold.subject.module.state_dict()[name]), "both sides have the same clean subject"
    assert hot.subject is not cold.subject


def test_building_again_trains_nothing_and_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(PATCH)
    monkeypatch.setattr(networks, "fit", lambda *_: pytest.fail("trained again"))
    assert build(PATCH) == first
    build(Recipe("digits", "cnn", "adversarial", "scratch", 1, 1))  # on the same twin


def test_two_empty_caches_give_bitwise_the_same_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    weights = networks.network(PATCH).module.state_dict()
    twin = networks.network(PATCH.twin()).module.state_dict()
    monkeypatch.setenv("FAIRFIGHT_CACHE", str(tmp_path))
    again = networks.network(PATCH).module.state_dict()
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert not torch.equal(weights["head.weight"], twin["head.weight"])


def test_a_trigger_that_cannot_be_seen_is_rebuilt_and_then_void(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organisms, "ATTEMPTS", 2)
    hopeless = build(Recipe("digits", "cnn", "patch", "scratch", 1, 1, {"opacity": 0.0}))
    assert hopeless.void is not None
    assert "after 2 attempts" in hopeless.void
    assert hopeless.health.attempts == 2
    assert hopeless.boost > 1
    assert hopeless.built.seed != 1


def test_health_names_what_is_wrong() -> None:
    sound = organisms.Health(0.95, 0.96, 0.99, 0.01, 1)
    assert sound.fault_found() is None
    assert "attack success" in str(organisms.Health(0.95, 0.96, 0.89, 0.01, 3).fault_found())
    assert "clean accuracy" in str(organisms.Health(0.93, 0.96, 0.99, 0.01, 3).fault_found())
    assert "clean twin" in str(organisms.Health(0.95, 0.96, 0.99, 0.5, 3).fault_found())


def test_an_organism_needs_a_fault() -> None:
    with pytest.raises(UserError, match="needs a fault"):
        build(PATCH.twin())


@pytest.mark.parametrize(("rows", "words"), [([], "no examples"), ([0, 0], "2 examples of one class")])
def test_nothing_is_trained_on_no_examples_or_on_one_class(rows: list[int], words: str) -> None:
    ground = world("digits")
    few = ground.examples("train", 1, "cnn")[torch.tensor(rows, dtype=torch.long)]
    subject = ground.subject("cnn", 1)
    with pytest.raises(UserError, match=words):
        fit(subject, ground, few, ground.schedule("cnn", "scratch"), 1)
