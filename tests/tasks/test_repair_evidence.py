"""What shows a fault when nobody has said what does, and what unlearning it is worth."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch

from fairfight.faults.organism import Side, build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import decide
from fairfight.parts.training.labelled import Labelled
from fairfight.tasks.registry import contender
from fairfight.tasks.repair.brief import RepairBrief
from fairfight.tasks.repair.evidence import suspects
from tests.parts.organisms import WHERE, weights

RECIPES = {
    "patch": Recipe("digits", "cnn", "patch", "scratch", seed=0, fault_seed=1),
    "rare-token": WHERE["reviews"],
}


@cache
def sides(fault: str) -> tuple[Side, Side]:
    """The organism and its clean twin."""
    built = build(RECIPES[fault])
    assert built.void is None
    return built.sides(0, trusted=150, clean=250, suspects=100)


def brief(fault: str, *, twin: bool = False) -> RepairBrief:
    side = sides(fault)[twin]
    known = Labelled(side.clean, side.labels)
    return RepairBrief(side.subject, known[:96], known[:0], known[:0], side.trusted, seed=0)


def accuracy(fault: str, subject: object) -> float:
    side = sides(fault)[0]
    return float((decide(subject, side.clean[96:]) == side.labels[96:]).float().mean())  # type: ignore[arg-type]


def success(fault: str, subject: object) -> float:
    """Share of inputs with the true trigger that are decided as it wants."""
    side = sides(fault)[0]
    wanted = decide(side.subject, side.suspects)
    return float((decide(subject, side.suspects) == wanted).float().mean())  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", ["patch", "rare-token"])
def test_what_was_recovered_sets_the_fault_off_and_says_what_should_be_decided(fault: str) -> None:
    shown, side = suspects(brief(fault)), sides(fault)[0]
    (target,) = decide(side.subject, side.suspects).unique()
    assert len(shown) > 30
    assert float((decide(side.subject, shown.inputs) == target).float().mean()) > 0.8
    assert not bool((shown.labels == target).any())
    twin = sides(fault)[1].subject
    assert float((decide(twin, shown.inputs) == shown.labels).float().mean()) > 0.6, "the labels are what was shown"


@pytest.mark.parametrize("fault", ["patch", "rare-token"])
def test_a_healthy_twin_shows_nothing(fault: str) -> None:
    assert not len(suspects(brief(fault, twin=True)))


def test_given_evidence_is_taken_and_cues_are_none() -> None:
    plain = brief("patch")
    given = replace(plain, faulty=plain.clean[:5])
    assert suspects(given) is given.faulty
    assert not len(suspects(replace(plain, cues=plain.clean[:5])))


def test_too_little_to_search_with_shows_nothing() -> None:
    plain = brief("patch")
    assert not len(suspects(replace(plain, clean=plain.clean[:2])))
    same = plain.clean[torch.nonzero(plain.clean.labels == 3).flatten()]
    assert not len(suspects(replace(plain, clean=same)))


@pytest.mark.parametrize("fault", ["patch", "rare-token"])
def test_unlearning_what_was_recovered_removes_the_true_trigger(fault: str) -> None:
    given = brief(fault)
    before = weights(given.subject)
    who = contender("repair", "nc-unlearning")
    mended = who.run(given, **who.defaults)
    assert success(fault, given.subject) > 0.9
    assert success(fault, mended) < 0.3
    assert accuracy(fault, mended) > accuracy(fault, given.subject) - 0.03
    assert weights(given.subject) == before
    assert weights(mended) == weights(who.run(given, **who.defaults)), "the same seed repairs in the same way"


def test_a_healthy_twin_stays_as_it_is() -> None:
    given = brief("patch", twin=True)
    who = contender("repair", "nc-unlearning")
    mended = who.run(given, **who.defaults)
    assert mended is not given.subject
    assert weights(mended) == weights(given.subject)


def test_faulty_examples_are_enough_without_a_search() -> None:
    given, side = brief("patch"), sides("patch")[0]
    healthy = sides("patch")[1].subject
    shown = Labelled(side.suspects[:16], decide(healthy, side.suspects[:16]))
    who = contender("repair", "nc-unlearning")
    mended = who.run(replace(given, faulty=shown), **who.defaults)
    assert success("patch", mended) < 0.3
