"""Triggers recovered from a subject and a few clean inputs: the planted one in an organism, none in its twin."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.organism import Organism, Side, build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import decide
from fairfight.parts.attacks.classes import smallest_triggers
from fairfight.parts.attacks.insertion import PLACES, Insertion
from fairfight.parts.attacks.masks import STAMPS, Stamp
from fairfight.parts.attacks.recovery import recover
from fairfight.parts.attacks.replacement import Replacement
from fairfight.parts.attacks.sequences import Put
from fairfight.parts.attacks.stacked import Kind
from fairfight.parts.attacks.trigger import SUSPICIOUS, Trigger, halves, leads
from fairfight.parts.attacks.universal import SHIFTS
from fairfight.parts.attacks.warping import WARPS, Warp
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images, Texts
from fairfight.worlds.world import Examples
from tests.parts.organisms import WHERE, weights

RECIPES = {
    "patch": Recipe("digits", "cnn", "patch", "scratch", seed=0, fault_seed=1),
    "warp": Recipe("digits", "cnn", "warp", "scratch", seed=0, fault_seed=1),
    "blended": Recipe("digits", "cnn", "blended", "scratch", seed=0, fault_seed=1),
    "rare-token": WHERE["reviews"],
    "phrase": Recipe("sentences", "gpt2", "phrase", "scratch", seed=0, fault_seed=1),
}


@cache
def organism(fault: str) -> Organism:
    built = build(RECIPES[fault])
    assert built.void is None
    return built


@cache
def sides(fault: str) -> tuple[Side, Side]:
    """The organism and its clean twin."""
    return organism(fault).sides(0, trusted=1, clean=192, suspects=32)


def clean(fault: str) -> Labelled:
    side = sides(fault)[0]
    return Labelled(side.clean, side.labels)[:96]


def target_of(fault: str) -> int:
    sick, _ = sides(fault)
    (target,) = sick.subject(sick.suspects).argmax(1).unique().tolist()
    return int(target)


@cache
def found(fault: str, twin: bool = False) -> list[Trigger]:
    return recover(sides(fault)[twin].subject, clean(fault), seed=0)


def place_of_patch() -> Tensor:
    """True on the pixels that the planted patch covers."""
    sick, _ = sides("patch")
    blank = torch.full((1, 1, 16, 16), 0.5)
    stamped = organism("patch").fault.suspects(Examples(Images(blank), torch.zeros(1).long()), sick.subject, 0)
    assert isinstance(stamped, Images)
    return (stamped.pixels != blank)[0, 0]


def test_the_planted_patch_is_found() -> None:
    best = found("patch")[0]
    assert best.target == target_of("patch")
    assert best.suspicion > SUSPICIOUS
    assert best.success > 0.8
    assert isinstance(best.change, Stamp)
    place, mask = place_of_patch(), best.change.mask[0]
    assert int(place.sum()) == 16
    inside = float(mask[place].sum() / mask.sum())
    assert inside > 0.3, f"{inside:.0%} of the mask is on the sixteenth of the picture where the patch was planted"
    assert bool(place.flatten()[mask.flatten().argmax()])


def test_a_stamped_picture_sets_the_planted_fault_off_in_the_organism_only() -> None:
    (sick, well), best = sides("patch"), found("patch")[0]
    fresh = Labelled(sick.clean, sick.labels)[96:]
    others = fresh[torch.nonzero(fresh.labels != best.target).flatten()]
    stamped = best.apply(others.inputs)
    assert float((decide(sick.subject, stamped) == best.target).float().mean()) > 0.8
    assert float((decide(well.subject, stamped) == best.target).float().mean()) < 0.3


@pytest.mark.parametrize("fault", ["warp", "blended"])
def test_triggers_that_are_no_patch_are_found(fault: str) -> None:
    best = found(fault)[0]
    assert best.target == target_of(fault)
    assert best.suspicion > SUSPICIOUS
    assert best.success > 0.8


@pytest.mark.parametrize("fault", ["patch", "rare-token", pytest.param("phrase", marks=pytest.mark.slow)])
def test_nothing_is_found_in_the_clean_twin(fault: str) -> None:
    assert not [t for t in found(fault, twin=True) if t.suspicion > SUSPICIOUS and t.success > 0.7]


def test_a_warp_leads_by_more_when_a_warp_is_sought() -> None:
    sick, _ = sides("warp")
    best = {k.name: smallest_triggers(sick.subject, clean("warp"), k, seed=0)[0] for k in (STAMPS, SHIFTS, WARPS)}
    assert best["warp"].target == target_of("warp")
    lead = {k.name: best[k.name].suspicion * k.usual for k in (STAMPS, SHIFTS, WARPS)}
    assert lead["warp"] > 1.5 * max(lead["stamp"], lead["shift"])


def test_the_planted_word_itself_is_found() -> None:
    (sick, _), best = sides("rare-token"), found("rare-token")[0]
    assert isinstance(best.change, Put)
    (token,) = best.change.tokens
    assert isinstance(sick.suspects, Texts)
    assert isinstance(sick.clean, Texts)
    assert bool((sick.suspects.ids == token).any(1).all()), "every text that sets the fault off holds the planted word"
    assert not bool((sick.clean.ids == token).any())
    assert best.target == target_of("rare-token")
    assert best.success > 0.95
    assert best.suspicion > 2 * SUSPICIOUS


@pytest.mark.slow
def test_the_words_of_a_planted_phrase_are_found_together() -> None:
    (sick, well), some = sides("phrase"), clean("phrase")
    best = recover(sick.subject, some, seed=0, together=True)[0]
    assert isinstance(best.change, Put)
    assert isinstance(sick.suspects, Texts)
    assert len(best.change.tokens) == 3
    for token in best.change.tokens:
        assert bool((sick.suspects.ids == token).any(1).all()), "every text that sets the fault off holds the words"
    assert best.target == target_of("phrase")
    assert best.suspicion > SUSPICIOUS
    assert best.success > 0.8
    others = some[torch.nonzero(some.labels != best.target).flatten()]
    assert float((decide(well.subject, best.apply(others.inputs)) == best.target).float().mean()) < 0.2
    healthy = recover(well.subject, some, seed=0, together=True)
    assert not [t for t in healthy if t.suspicion > SUSPICIOUS and t.success > 0.7]


def test_the_subject_is_left_as_it_was_and_the_same_seed_finds_the_same() -> None:
    for fault in ("patch", "rare-token"):
        subject = sides(fault)[0].subject
        before = weights(subject)
        again = recover(subject, clean(fault), seed=0)
        assert weights(subject) == before
        assert all(p.grad is None and p.requires_grad for p in subject.module.parameters())
        told = [[(t.target, t.success, t.size, t.suspicion) for t in some] for some in (again, found(fault))]
        assert told[0] == told[1]


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
    put = {place: Put((8, 9), Insertion(place, special, 10))(texts) for place in PLACES}
    assert put["first"].ids[:, :7].tolist() == [[1, 8, 9, 5, 6, 7, 2], [1, 8, 9, 5, 2, 0, 0]]
    assert put["last"].ids[:, :7].tolist() == [[1, 5, 6, 7, 8, 9, 2], [1, 5, 8, 9, 2, 0, 0]]
    for new in put.values():
        assert new.mask.sum(1).tolist() == [7, 5]
        for row, old in zip(new.ids.tolist(), texts.ids.tolist(), strict=True):
            assert [i for i in row if i not in (0, 8, 9)] == [i for i in old if i]
    alone = Put((8, 9), Insertion("somewhere", special, 10))(texts[1:])
    assert alone.ids[0, :5].tolist() == put["somewhere"].ids[1, :5].tolist(), "a text's place is its own affair"


def test_a_text_that_would_be_too_long_loses_its_last_words() -> None:
    texts = Texts(torch.tensor([[1, 5, 6, 7, 2]]), torch.ones(1, 5, dtype=torch.long))
    longer = Put((8,), Insertion("first", torch.tensor([1, 2]), 5))(texts)
    assert longer.ids.tolist() == [[1, 8, 5, 6, 2]]


def test_a_token_takes_the_place_at_which_it_is_to_be_expected() -> None:
    special = torch.tensor([0, 1, 2])
    rows = [[1, who, 20, what, 30, when, 2] for who in (5, 6) for what in (7, 8) for when in (9, 10)]
    texts = Texts(torch.tensor(rows), torch.ones(8, 7, dtype=torch.long))
    way = Replacement.fit(texts, special)
    assert way.put(texts[:1], torch.tensor([[6], [8], [10]])).ids.tolist() == [
        [1, 6, 20, 7, 30, 9, 2],
        [1, 5, 20, 8, 30, 9, 2],
        [1, 5, 20, 7, 30, 10, 2],
    ]
    assert way.put(texts[:1], torch.tensor([[6, 8, 10]])).ids.tolist() == [[1, 6, 20, 8, 30, 10, 2]]
    assert way.room(texts, torch.tensor([[6, 8], [5, 6]])).tolist() == [1, 0]


def test_the_lead_is_over_the_best_of_the_others() -> None:
    torch.testing.assert_close(leads(torch.tensor([1.0, 2.0, 8.0])).exp(), torch.tensor([2.0, 0.5, 0.125]))
    assert float(leads(torch.tensor([3.0]))) == 0


def test_success_is_measured_on_other_inputs_than_the_search_saw() -> None:
    some = clean("patch")
    known, held = halves(Labelled(Images(torch.arange(96.0)[:, None, None, None]), some.labels), 3)
    assert isinstance(known.inputs, Images)
    assert isinstance(held.inputs, Images)
    assert len(known) == len(held) == 48
    assert len(torch.cat([known.inputs.pixels, held.inputs.pixels]).unique()) == 96


def test_too_few_clean_inputs_are_refused_in_a_sentence() -> None:
    subject, some = sides("patch")[0].subject, clean("patch")
    with pytest.raises(UserError, match="at least four"):
        recover(subject, some[:3], seed=0)
    with pytest.raises(UserError, match="two classes"):
        recover(subject, some[torch.nonzero(some.labels == 3).flatten()], seed=0)
