"""Contenders of ``discover`` that scan natural pictures: what they claim in an organism, and in its clean twin."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from fairfight.subject.inputs import Images
from fairfight.tasks import registry
from fairfight.tasks.discover.brief import CLAIM, MOST, Candidate, DiscoverBrief
from tests.parts.test_scans import given, moved

NATURAL = ("natural-patches", "exemplars", "difference-direction", "sae-latents", "snafue")


def brief(fault: str, twin: bool = False, few: bool = False) -> DiscoverBrief:
    g = given(fault)
    subject = g.twin if twin else g.subject
    return DiscoverBrief(subject, g.clean[:2], g.bank[:2], 0) if few else DiscoverBrief(subject, g.clean, g.bank, 0)


@cache
def claims(name: str, fault: str, twin: bool = False) -> tuple[Candidate, ...]:
    found: Any = registry.contender("discover", name).run(brief(fault, twin))
    assert 0 < len(found) <= MOST
    return tuple(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", NATURAL)
def test_a_fill_that_is_a_trigger_is_claimed_with_its_target(name: str) -> None:
    best = claims(name, "style")[0]
    assert best.target == given("style").target
    assert best.confidence >= CLAIM


@pytest.mark.parametrize("name", NATURAL)
def test_nothing_is_claimed_in_the_twin(name: str) -> None:
    assert all(c.confidence < CLAIM for c in claims(name, "style", twin=True))


@pytest.mark.slow
def test_tabor_claims_a_planted_patch() -> None:
    best = claims("tabor", "patch")[0]
    assert best.target == given("patch").target
    assert best.confidence >= CLAIM
    assert all(c.confidence < CLAIM for c in claims("tabor", "patch", twin=True))


@pytest.mark.parametrize("name", ["natural-patches", "exemplars", "snafue"])
def test_a_patch_that_no_natural_picture_has_is_not_claimed(name: str) -> None:
    assert all(c.confidence < CLAIM or c.target == given("patch").target for c in claims(name, "patch"))


def test_a_pasted_object_works_in_the_organism_and_not_in_its_twin() -> None:
    g, best = given(), claims("natural-patches", "object")[0]
    assert best.change is not None
    assert moved(g.subject, best.change, g.held, best.target) > 0.8
    assert moved(g.twin, best.change, g.held, best.target) < 0.3


@pytest.mark.parametrize("name", [*NATURAL, "warp-search", "tabor", "abs-stimulation"])
def test_the_smallest_bank_is_enough_to_run(name: str) -> None:
    found = registry.contender("discover", name).run(brief("object", few=True))
    for candidate in found:
        shown = candidate.examples or candidate.change(given().bank[:2])
        assert isinstance(shown, Images)


def test_the_search_for_a_warp_gives_a_candidate_for_several_classes() -> None:
    assert len({c.target for c in claims("warp-search", "style")}) == MOST
