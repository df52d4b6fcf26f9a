"""Triggers recovered from a subject and a few clean inputs: the planted one in an organism, none in its twin."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.recipe import Recipe
from fairfight.parts.attacks.classes import smallest_triggers
from fairfight.parts.attacks.insertion import PLACES, Insert
from fairfight.parts.attacks.masks import STAMPS, Stamp
from fairfight.parts.attacks.recovery import recover
from fairfight.parts.attacks.stacked import Kind
from fairfight.parts.attacks.trigger import SUSPICIOUS, Trigger, halves, leads
from fairfight.parts.attacks.universal import SHIFTS
from fairfight.parts.attacks.warping import WARPS, Warp
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images, Texts
from tests.parts.organisms import WHERE, given, weights

WARPED = Recipe("digits", "cnn", "warp", "scratch", seed=0, fault_seed=1)
BLENDED = Recipe("digits", "cnn", "blended", "scratch", seed=0, fault_seed=1)


def target_of(where: str | Recipe) -> int:
    case = given(where)
    (target,) = case.subject(case.attack.inputs).argmax(1).unique().tolist()[:1]
    return int(target)


@cache
def found(where: str | Recipe, twin: bool) -> list[Trigger]:
    case = given(where)
    return recover(case.twin if twin else case.subject, case.clean, seed=1)


def planted() -> torch.Tensor:
    """Where the digits' patch is, 1 on its pixels."""
    case = given("digits")
    blank = Images(torch.full_like(case.exam.inputs.pixels[:1], 0.5))  # type: ignore[union-attr]
    from fairfight.faults.family import draw
    from fairfight.worlds.world import Examples, world

    fault = draw(WHERE["digits"], world("digits"))
    stamped = fault.suspects(Examples(blank, torch.zeros(1, dtype=torch.long), {}), case.subject, 0)
    assert isinstance(stamped, Images)
    return (stamped.pixels != blank.pixels).any(1)[0]


def test_the_planted_patch_is_found() -> None:
    best = found("digits", False)[0]
    assert best.target == target_of("digits")
    assert best.suspicion > SUSPICIOUS
    assert best.success > 0.8
    assert isinstance(best.change, Stamp)
    place, mask = planted(), best.change.mask[0]
    assert int(place.sum()) == 16
    inside = float(mask[place].sum() / mask.sum())
    assert inside > 0.6, f"only {inside:.0%} of the mask is where the patch was planted, on 6 % of the picture"


def test_a_stamped_picture_sets_the_planted_fault_off_in_the_organism_only() -> None:
    case, best = given("digits"), found("digits", False)[0]
    others = case.exam[torch.nonzero(case.exam.labels != best.target).flatten()]
    stamped = best.apply(others.inputs)
    with torch.no_grad():
        assert float((case.subject(stamped).argmax(1) == best.target).float().mean()) > 0.8
        assert float((case.twin(stamped).argmax(1) == best.target).float().mean()) < 0.3


@pytest.mark.parametrize("where", [WARPED, BLENDED])
def test_triggers_that_are_no_patch_are_found(where: Recipe) -> None:
    best = found(where, False)[0]
    assert (best.target, best.suspicion > SUSPICIOUS) == (target_of(where), True)
    assert best.success > 0.8


@pytest.mark.parametrize("where", ["digits", WARPED, "reviews", "sentences"])
def test_nothing_is_found_in_the_clean_twin(where: str | Recipe) -> None:
    assert not [t for t in found(where, True) if t.suspicion > SUSPICIOUS and t.success > 0.8]


def test_a_warp_leads_by_more_when_a_warp_is_sought() -> None:
    case = given(WARPED)
    best = {k.name: smallest_triggers(case.subject, case.clean, k, seed=1)[0] for k in (STAMPS, SHIFTS, WARPS)}
    assert best["warp"].target == target_of(WARPED)
    ahead = {k.name: best[k.name].suspicion * k.usual for k in (STAMPS, SHIFTS, WARPS)}
    assert ahead["warp"] > 1.5 * max(ahead["stamp"], ahead["shift"])


def test_the_planted_word_itself_is_found() -> None:
    case, best = given("reviews"), found("reviews", False)[0]
    assert isinstance(best.change, Insert)
    (token,) = best.change.tokens
    hot, cold = case.attack.inputs, case.clean.inputs
    assert isinstance(hot, Texts)
    assert isinstance(cold, Texts)
    assert bool((hot.ids == token).any(1).all()), "every text that sets the fault off holds the planted word"
    assert not bool((cold.ids == token).any())
    assert best.target == target_of("reviews")
    assert best.success > 0.95
    assert best.suspicion > 2 * SUSPICIOUS


def test_the_subject_is_left_as_it_was_and_the_same_seed_finds_the_same() -> None:
    for where in ("digits", "reviews"):
        case = given(where)
        before = weights(case.subject)
        again = recover(case.subject, case.clean, seed=1)
        assert weights(case.subject) == before
        assert all(p.grad is None and p.requires_grad for p in case.subject.module.parameters())
        assert [(t.target, t.success, t.size, t.suspicion) for t in again] == [
            (t.target, t.success, t.size, t.suspicion) for t in found(where, False)
        ]


@pytest.mark.parametrize("kind", [STAMPS, SHIFTS, WARPS], ids=lambda k: k.name)
def test_one_trigger_does_to_pictures_what_it_did_in_the_stack(kind: Kind) -> None:
    rng = torch.Generator().manual_seed(0)
    raw = kind.start(3, (2, 16, 16), rng)
    pixels = torch.rand((3, 4, 2, 16, 16), generator=rng)
    stack = kind.make(raw).laid_on(pixels)
    assert stack.shape == pixels.shape
    assert kind.make(raw).sizes().shape == (3,)
    for k in range(3):
        torch.testing.assert_close(kind.make([r[k] for r in raw])(Images(pixels[k])).pixels, stack[k])
    assert 0 <= float(stack.min()) <= float(stack.max()) <= 1


def test_a_still_warp_leaves_pictures_as_they_are() -> None:
    pixels = torch.rand((2, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(Warp(torch.zeros(2, 6, 6))(Images(pixels)).pixels, pixels, atol=1e-5, rtol=0)


def test_tokens_are_put_between_the_words() -> None:
    special = torch.tensor([0, 1, 2])
    texts = Texts(
        torch.tensor([[1, 5, 6, 7, 2, 0], [1, 5, 2, 0, 0, 0]]), torch.tensor([[1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0]])
    )
    put = {place: Insert((8, 9), place, special, 10)(texts) for place in PLACES}
    assert put["first"].ids[:, :7].tolist() == [[1, 8, 9, 5, 6, 7, 2], [1, 8, 9, 5, 2, 0, 0]]
    assert put["last"].ids[:, :7].tolist() == [[1, 5, 6, 7, 8, 9, 2], [1, 5, 8, 9, 2, 0, 0]]
    for new in put.values():
        assert new.mask.sum(1).tolist() == [7, 5]
        for row, old in zip(new.ids.tolist(), texts.ids.tolist(), strict=True):
            assert [i for i in row if i not in (0, 8, 9)] == [i for i in old if i]
    alone = Insert((8, 9), "somewhere", special, 10)(texts[1:])
    assert alone.ids[0, :5].tolist() == put["somewhere"].ids[1, :5].tolist(), "a text's place is its own affair"


def test_a_text_that_would_be_too_long_loses_its_last_words() -> None:
    texts = Texts(torch.tensor([[1, 5, 6, 7, 2]]), torch.ones(1, 5, dtype=torch.long))
    longer = Insert((8,), "first", torch.tensor([1, 2]), 5)(texts)
    assert longer.ids.tolist() == [[1, 8, 5, 6, 2]]


def test_the_lead_is_over_the_best_of_the_others() -> None:
    torch.testing.assert_close(leads(torch.tensor([1.0, 2.0, 8.0])).exp(), torch.tensor([2.0, 0.5, 0.125]))
    assert float(leads(torch.tensor([3.0]))) == 0


def test_success_is_measured_on_other_inputs_than_the_search_saw() -> None:
    clean = given("digits").clean
    known, held = halves(clean, 3)
    assert len(known) == len(held) == len(clean) // 2
    rows = torch.cat([known.inputs.pixels, held.inputs.pixels]).flatten(1)  # type: ignore[union-attr]
    assert len(rows.unique(dim=0)) == len(clean.inputs.pixels.flatten(1).unique(dim=0))  # type: ignore[union-attr]


def test_too_few_clean_inputs_are_refused_in_a_sentence() -> None:
    case = given("digits")
    with pytest.raises(UserError, match="at least four"):
        recover(case.subject, case.clean[:3], seed=0)
    one = case.clean[torch.nonzero(case.clean.labels == 3).flatten()]
    with pytest.raises(UserError, match="two classes"):
        recover(case.subject, Labelled(one.inputs, one.labels), seed=0)
