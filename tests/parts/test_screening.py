"""A trigger's class is among the first that pictures are driven to, at a price that does not grow with the classes."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from fairfight.errors import UserError
from fairfight.faults.family import draw
from fairfight.faults.network import network
from fairfight.faults.recipe import Recipe
from fairfight.faults.trojan import Trojan
from fairfight.parts.attacks.classes import shortlist
from fairfight.parts.attacks.screening import suspects
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.worlds.sources import missing
from fairfight.worlds.world import world
from tests.parts.test_scans import given

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_class_of_a_planted_fill_is_among_the_first_two_of_eight() -> None:
    g = given("style")
    assert g.target in [s.target for s in suspects(g.subject, g.clean.inputs, 2)]


def test_it_costs_at_most_32_passes_of_32_pictures_and_leaves_the_subject_alone() -> None:
    g = given("patch")
    some = g.clean.inputs[:32]
    before = {k: v.clone() for k, v in g.subject.module.state_dict().items()}
    with FlopCounterMode(display=False) as one, torch.no_grad():
        g.subject(some)
    with FlopCounterMode(display=False) as all_of_it:
        first = suspects(g.subject, some, 8)
    assert all_of_it.get_total_flops() <= 32 * one.get_total_flops()
    assert first == suspects(g.subject, some, 8)
    assert [s.reached for s in first] == sorted((s.reached for s in first), reverse=True)
    assert all(torch.equal(v, before[k]) for k, v in g.subject.module.state_dict().items())


def test_no_class_at_all_is_refused() -> None:
    g = given("patch")
    with pytest.raises(UserError, match="at least one"):
        suspects(g.subject, g.clean.inputs, 0)


def test_few_classes_are_all_searched() -> None:
    g = given("patch")
    assert shortlist(g.subject, g.clean, 8, 0).tolist() == list(range(8))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(missing("imagenet") is not None, reason="the pictures and the network of ImageNet are not there")
def test_of_a_thousand_classes_the_planted_one_comes_first() -> None:
    recipe = Recipe("imagenet", "mobilenet-v2", "patch", "finetune", seed=2, fault_seed=1)
    subject, ground = network(recipe), world("imagenet")
    trojan = draw(recipe, ground)
    assert isinstance(trojan, Trojan)
    pool = ground.examples("pool", recipe.seed, recipe.architecture)
    some = pool[torch.randperm(len(pool), generator=torch_rng(0, "some"))[:32]]
    assert isinstance(some.inputs, Images)
    assert trojan.target in [s.target for s in suspects(subject, some.inputs, 3)]
    assert trojan.target in shortlist(subject, Labelled(some.inputs, some.labels), 1000, 0).tolist()
