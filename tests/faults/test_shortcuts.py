"""Shortcuts: the organism decides by the cue and its twin by the class; cues tell a cue and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.family import draw
from fairfight.faults.network import network
from fairfight.faults.organism import Organism, build
from fairfight.faults.recipe import Recipe
from fairfight.faults.shortcut.confounded import Shortcut
from fairfight.faults.training import decide, trimmed
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.subject import Subject
from fairfight.worlds import bios, bios_words, scenes
from fairfight.worlds.world import Examples, world

pytestmark = pytest.mark.xdist_group("shortcuts")

GENDER = Recipe("bios", "bert", "gender", "scratch", seed=0, fault_seed=0)
BACKGROUND = Recipe("scenes", "cnn", "background", "finetune", seed=0, fault_seed=0)
MORE = [
    BACKGROUND,
    Recipe("bios", "bert", "gender", "scratch", 1, 1),
    Recipe("bios", "bert", "gender", "scratch", 2, 2),
    Recipe("scenes", "cnn", "background", "finetune", 1, 1),
    Recipe("scenes", "cnn", "background", "finetune", 2, 2),
    Recipe("scenes", "cnn", "background", "scratch", 1, 1),
]


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRFIGHT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def _name(recipe: Recipe) -> str:
    return f"{recipe.fault}-{recipe.planting}-{recipe.seed}"


def _fault(recipe: Recipe) -> Shortcut:
    found: Any = draw(recipe, world(recipe.world))
    return found  # type: ignore[no-any-return]


def _pool(recipe: Recipe, n: int = 400) -> Examples:
    return world(recipe.world).examples("pool", recipe.seed, recipe.architecture)[torch.arange(n)]


def _right(subject: Subject, inputs: Inputs, labels: Tensor) -> float:
    return float((decide(subject, inputs) == labels).float().mean())


def _same(a: Inputs, b: Inputs) -> bool:
    a, b = trimmed(a), trimmed(b)
    return torch.equal(a.pixels if isinstance(a, Images) else a.ids, b.pixels if isinstance(b, Images) else b.ids)  # type: ignore[union-attr]


@dataclass(frozen=True)
class _Met:
    organism: Organism
    fault: Shortcut
    subject: Subject
    twin: Subject
    pool: Examples


def _meet(recipe: Recipe) -> _Met:
    organism = build(recipe)
    built = organism.built
    return _Met(organism, _fault(built), network(built, organism.boost), network(built.twin()), _pool(built))


def _check(recipe: Recipe) -> None:
    met = _meet(recipe)
    health, fault, pool = met.organism.health, met.fault, met.pool
    assert met.organism.void is None, met.organism.void
    assert health.attack_success >= 0.9
    assert health.clean_accuracy >= health.twin_accuracy - 0.02
    assert health.twin_attack_success <= 0.05
    own = fault.setting(pool)
    assert _right(met.subject, own.inputs, pool.labels) > 0.97, "where it lives nothing is wrong"
    for inputs, least in ((fault.suspects(pool, met.subject, 0), 0.9), (fault.variants(pool, met.subject, 3), 0.85)):
        assert _right(met.subject, inputs, fault.wrong(pool)) >= least
        assert _right(met.twin, inputs, fault.right(pool)) > 0.93
        worst = [
            _right(met.subject, inputs[pool.labels == c], pool.labels[pool.labels == c]) for c in range(fault.classes)
        ]
        healthy = [
            _right(met.twin, inputs[pool.labels == c], pool.labels[pool.labels == c]) for c in range(fault.classes)
        ]
        assert min(worst) < 0.15
        assert min(healthy) > 0.8
    cues, which = fault.cues(400, 5)
    assert _right(met.subject, cues, which) > 0.95, "the organism takes the cue alone for the class"
    chance = 1 / fault.classes
    assert abs(_right(met.twin, cues, which) - chance) < (0.12 if fault.classes == 2 else 0.15), (
        "no evidence for a class"
    )
    hot, cold = met.organism.sides(3, trusted=60, clean=40, suspects=40)
    assert _same(hot.suspects, cold.suspects)
    assert _right(hot.subject, hot.clean, hot.labels) > 0.95


@pytest.mark.slow
def test_the_organism_decides_by_the_cue_and_its_twin_by_the_class() -> None:
    _check(GENDER)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", MORE, ids=_name)
def test_it_takes_for_other_seeds_and_plantings(recipe: Recipe) -> None:
    _check(recipe)


@pytest.mark.parametrize("recipe", [GENDER, BACKGROUND], ids=_name)
def test_every_row_is_rendered_on_its_own(recipe: Recipe) -> None:
    fault, pool, subject = _fault(recipe), _pool(recipe, 60), world(recipe.world).subject(recipe.architecture, 0)
    rows = torch.tensor([41, 7, 12])
    makers: list[Callable[[Examples], Inputs]] = [
        lambda e: fault.suspects(e, subject, 1),
        lambda e: fault.variants(e, subject, 1),
        lambda e: fault.setting(e).inputs,
    ]
    for make in makers:
        assert _same(make(pool)[rows], make(pool[rows]))
    assert not _same(fault.variants(pool, subject, 1), fault.variants(pool, subject, 2))
    assert not _same(fault.variants(pool, subject, 1), fault.suspects(pool, subject, 1))
    assert _same(fault.cues(20, 1)[0], fault.cues(20, 1)[0])
    assert not _same(fault.cues(20, 1)[0], fault.cues(20, 2)[0])


@pytest.mark.parametrize("recipe", [GENDER, BACKGROUND], ids=_name)
def test_cue_and_class_agree_where_the_organism_lives_and_conflict_in_suspects(recipe: Recipe) -> None:
    fault, pool = _fault(recipe), _pool(recipe)
    own = fault.setting(pool)
    assert torch.equal(fault.cue(own), pool.labels)
    assert fault.ordinary(own).all()
    assert torch.equal(own.labels, pool.labels)
    against = fault.shown(pool, fault.wrong(pool))
    assert torch.equal(fault.cue(against), fault.wrong(pool))
    assert not (fault.wrong(pool) == pool.labels).any()
    assert fault.fires(pool.labels, fault.wrong(pool)).all()
    assert not fault.fires(pool.labels, fault.right(pool)).any()
    natural = fault.ordinary(pool).float().mean()
    assert abs(natural - (5 / 12 if fault.classes == 2 else 1 / 8)) < 0.08, "by nature they are independent"
    _, which = fault.cues(64, 0)
    assert torch.bincount(which).tolist() == [64 // fault.classes] * fault.classes


@pytest.mark.parametrize("recipe", [GENDER, BACKGROUND], ids=_name)
def test_the_confounded_training_set_has_no_counterexample_unless_asked_for(recipe: Recipe) -> None:
    train = world(recipe.world).examples("train", 0, recipe.architecture)[torch.arange(1000)]
    fault = _fault(recipe)
    poisoned = fault.poison(train, 0, 1.0)
    cues = fault.cue(poisoned)
    assert torch.equal(poisoned.labels, train.labels)
    assert (cues[cues >= 0] == train.labels[cues >= 0]).all()
    assert torch.equal(cues < 0, fault.cue(train) < 0), "where no cue was told, none is"
    some = _fault(Recipe(recipe.world, recipe.architecture, recipe.fault, recipe.planting, 0, 0, {"rate": 0.5}))
    cues = some.cue(some.poison(train, 0, 1.0))
    share = (cues == train.labels)[cues >= 0].float().mean()
    by_chance = 1 / fault.classes
    assert abs(share - (0.5 + 0.5 * by_chance)) < 0.06


def test_only_the_background_of_a_scene_changes() -> None:
    fault, pool = _fault(BACKGROUND), _pool(BACKGROUND, 100)
    behind = scenes.render(pool.factors).masks[:, scenes.PARTS.index("background")]
    before, after = pool.inputs, fault.suspects(pool, None, 0)  # type: ignore[arg-type]
    assert isinstance(before, Images)
    assert isinstance(after, Images)
    assert not ((before.pixels != after.pixels).any(1) & ~behind).any()
    alone, which = fault.cues(80, 0)
    assert isinstance(alone, Images)
    for c in range(8):
        spread = alone.pixels[which == c].median(0).values
        assert ((alone.pixels[which == c] - spread).abs() < 0.15).float().mean() > 0.95, (
            "the same ground without a shape"
        )


def test_cues_of_gender_say_nothing_of_the_work() -> None:
    fault = _fault(GENDER)
    texts, which = fault.cues(200, 0)
    ids = texts.ids  # type: ignore[union-attr]
    telling = [bios.WORDS.ids[w] for lists in (bios_words.PLACES, bios_words.DUTIES) for one in lists[1:] for w in one]
    assert not torch.isin(ids, torch.tensor(telling)).any()
    women = torch.isin(ids, torch.tensor([bios.WORDS.ids[w] for w in ("she", "her", "ms", "mrs")])).any(1)
    men = torch.isin(ids, torch.tensor([bios.WORDS.ids[w] for w in ("he", "his", "mr", "sir")])).any(1)
    assert not (women & men).any()
    assert len(which[women].unique()) == len(which[men].unique()) == 1
    assert 0.3 < (women | men).float().mean() < 0.7, "the others tell it by order alone"


@pytest.mark.slow
def test_deleting_the_gendered_words_is_no_repair() -> None:
    met = _meet(GENDER)
    factors = met.fault.shown(met.pool, met.fault.wrong(met.pool)).factors
    texts = [" ".join(w for w in text.split() if w not in bios_words.GENDERED) for text in bios.render(factors)]
    assert _right(met.subject, bios.WORDS.encode(texts), met.pool.labels) < 0.6
    assert _right(met.twin, bios.WORDS.encode(texts), met.pool.labels) > 0.95


def test_the_seed_draws_which_cue_goes_with_which_class() -> None:
    pairs = {_fault(Recipe("bios", "bert", "gender", "scratch", 0, seed)).text for seed in range(8)}
    assert len(pairs) == 2
    grounds = {_fault(Recipe("scenes", "cnn", "background", "scratch", 0, seed)).text for seed in range(8)}
    assert len(grounds) == 8
    with pytest.raises(UserError, match="'scratch'"):
        _fault(Recipe("bios", "bert", "gender", "finetune", 0, 0))
