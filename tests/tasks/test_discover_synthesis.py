"""Contenders of discover that make pictures: they find a planted patch and claim nothing in the clean twin."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from fairfight.faults.organism import Organism, build
from fairfight.faults.recipe import Recipe
from fairfight.parts.training.labelled import Labelled
from fairfight.subject import Images
from fairfight.tasks.discover.brief import CLAIM, Candidate, DiscoverBrief
from fairfight.tasks.registry import contender
from fairfight.worlds.world import Examples

SURE = ["adversarial-patch"]
"""They say that there is a trojan."""
TRIED = [*SURE, "universal-perturbation"]
ANY = [*TRIED, "fourier-target", "fourier-inner", "cppn-target", "cppn-inner", "rfla-perturbation", "rfla-generator"]


@cache
def organism() -> Organism:
    return build(Recipe("digits", "cnn", "patch", "scratch", seed=0, fault_seed=1))


@cache
def brief(twin: bool) -> DiscoverBrief:
    side = organism().sides(0, trusted=1, clean=192, suspects=32)[twin]
    clean = Labelled(side.clean, side.labels)[:64]
    return DiscoverBrief(subject=side.subject, clean=clean, bank=side.clean[64:], seed=1)


@cache
def found(name: str, twin: bool) -> list[Candidate]:
    made = contender("discover", name)
    candidates: list[Candidate] = made.run(brief(twin), **made.defaults)
    return candidates


def target() -> int:
    side = organism().sides(0, trusted=1, clean=1, suspects=32)[0]
    return int(side.subject(side.suspects).argmax(1).mode().values)


@pytest.mark.parametrize("name", SURE)
def test_a_planted_patch_is_found_and_claimed(name: str) -> None:
    best = found(name, twin=False)[0]
    assert best.target == target()
    assert best.confidence >= CLAIM
    assert best.change is not None
    given = brief(twin=False).clean
    shown = best.change(given.inputs[torch.nonzero(given.labels != best.target).flatten()])
    moved = [(s.subject(shown).argmax(1) == best.target).float().mean() for s in (brief(False), brief(True))]
    assert moved[0] > 0.8, "it works"
    assert moved[1] < 0.4, "not because it looks like the target"


@pytest.mark.parametrize("name", ANY)
def test_nothing_is_claimed_in_the_clean_twin(name: str) -> None:
    assert all(c.confidence < CLAIM for c in found(name, twin=True))


@pytest.mark.parametrize("name", TRIED)
def test_the_planted_class_is_more_suspicious_than_the_clean_twin(name: str) -> None:
    best = found(name, twin=False)[0]
    assert best.target == target()
    assert best.confidence > max(c.confidence for c in found(name, twin=True))


def test_an_adversarial_patch_lies_on_the_planted_one() -> None:
    best = found("adversarial-patch", twin=False)[0]
    blank = Images(torch.full((1, 1, 16, 16), 0.5))
    truth = organism().fault.suspects(Examples(blank, torch.zeros(1).long()), brief(False).subject, 0)
    assert isinstance(truth, Images)
    assert best.change is not None
    laid = best.change(blank)
    assert isinstance(laid, Images)
    planted, ours = (x.pixels != blank.pixels for x in (truth, laid))
    assert float((planted & ours).sum() / planted.sum()) > 0.2
