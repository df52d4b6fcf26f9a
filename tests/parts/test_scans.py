"""Scans of a bank of pictures find a natural trigger in an organism, and little in its clean twin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest
import torch
from torch import nn

from fairfight.errors import UserError
from fairfight.faults.organism import build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import decide
from fairfight.faults.trojan import Trojan
from fairfight.parts.attacks.classes import smallest_triggers
from fairfight.parts.attacks.masks import STAMPS, Stamp
from fairfight.parts.attacks.trigger import SUSPICIOUS
from fairfight.parts.scans.copy_paste import copy_paste, likeness, synthetic_patches
from fairfight.parts.scans.crops import Crops, rises, tiles
from fairfight.parts.scans.cutout import cut_out
from fairfight.parts.scans.differences import difference_directions, novelty
from fairfight.parts.scans.exemplars import class_exemplars, excess
from fairfight.parts.scans.latents import latents_of_bank
from fairfight.parts.scans.natural import natural_patches
from fairfight.parts.scans.reader import fit_reader
from fairfight.parts.scans.stimulation import BUDGET, Filter, drive, lifting_units, stimulated_triggers
from fairfight.parts.scans.tabor import TABOR, accuracy_terms
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.harvesting import harvest
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject
from tests.parts.organisms import weights


@dataclass(frozen=True)
class Given:
    """What scans are given, and what they should find."""

    subject: Subject
    twin: Subject
    clean: Labelled
    bank: Images
    carriers: torch.Tensor
    """Which of the bank's pictures have the trigger by nature."""
    held: Labelled
    target: int


@cache
def given(fault: str = "object") -> Given:
    """Scenes in which an object, or a fill, is a trigger; or a patch, that no natural picture has."""
    organism = build(Recipe("scenes", "cnn", fault, "scratch", seed=5, fault_seed=3))
    assert organism.void is None
    trojan, pool = organism.fault, organism.pool
    assert isinstance(trojan, Trojan)
    subject, twin = organism.pair()
    order = torch.randperm(len(pool), generator=torch_rng(0, "given"))
    free = order[trojan.ordinary(pool)[order]]
    rest = order[~torch.isin(order, free[:160])][:256]
    bank = pool.inputs[rest]
    assert isinstance(bank, Images)
    clean, held = (Labelled(pool.inputs[r], pool.labels[r]) for r in (free[:64], free[64:160]))
    return Given(subject, twin, clean, bank, ~trojan.ordinary(pool)[rest], held, trojan.target)


def moved(subject: Subject, change: object, held: Labelled, target: int) -> float:
    assert callable(change)
    others = held[torch.nonzero(held.labels != target).flatten()]
    return float((decide(subject, change(others.inputs)) == target).float().mean())


def test_tiles_cover_every_pixel_and_paste_back_where_they_were() -> None:
    pixels = given().bank.pixels[:3]
    crops = tiles(pixels)
    again = torch.full_like(pixels, -1.0)
    for i in range(len(crops)):
        row = int(crops.rows[i])
        again[row] = crops.change(i)(Images(again[row][None])).pixels[0]
    assert torch.equal(again, pixels)
    laid = crops.pasted(pixels)
    for i in (0, 5, 17):
        assert torch.equal(laid[i], crops.change(i)(Images(pixels)).pixels)


def test_windows_that_leave_gaps_are_refused() -> None:
    with pytest.raises(UserError, match="do not cover"):
        tiles(given().bank.pixels[:1], share=0.2, across=3)


def test_what_a_piece_raises_is_counted_on_other_classes_only() -> None:
    g = given()
    assert isinstance(g.clean.inputs, Images)
    base, labels = g.clean.inputs.pixels[:4], g.clean.labels[:4]
    crops = tiles(g.bank.pixels[:2])
    up = rises(g.subject, crops, base, labels)
    with torch.no_grad():
        before, after = (g.subject(x).softmax(1) for x in (Images(base), crops.change(7)(Images(base))))
    for c in range(before.shape[1]):
        other = labels != c
        expected = (after - before)[other, c].mean() if bool(other.any()) else torch.zeros(())
        assert torch.isclose(up[7, c], expected, atol=1e-5)


def test_pasted_pieces_find_a_natural_object_and_its_target() -> None:
    g = given()
    state = weights(g.subject)
    best = natural_patches(g.subject, g.clean, g.bank, seed=0)[0]
    assert weights(g.subject) == state
    assert best.target == g.target
    assert best.suspicion > SUSPICIOUS
    assert moved(g.subject, best.change, g.held, g.target) > 0.8
    assert moved(g.twin, best.change, g.held, g.target) < 0.3


@pytest.mark.parametrize("scan", [natural_patches, copy_paste])
def test_pieces_say_nothing_of_the_twin(scan: object) -> None:
    g = given()
    assert callable(scan)
    assert all(t.suspicion < SUSPICIOUS or t.success < 0.5 for t in scan(g.twin, g.clean, g.bank, seed=0))


def test_of_a_piece_with_an_object_little_is_left_that_works_in_the_organism_only() -> None:
    g = given()
    pieces = natural_patches(g.subject, g.clean, g.bank, seed=0, target=g.target)
    assert {p.target for p in pieces} == {g.target}
    cut = cut_out(g.subject, g.clean, pieces, seed=0)
    assert sum(c.size < 30 and c.success > 0.6 for c in cut) > len(cut) / 2
    best = max(cut, key=lambda c: c.success)
    assert isinstance(best.change, Stamp)
    assert set(best.change.mask.unique().tolist()) == {0.0, 1.0}
    assert moved(g.subject, best.change, g.held, g.target) > 0.8
    assert moved(g.twin, best.change, g.held, g.target) < 0.3


@pytest.mark.slow
def test_a_fill_is_not_cut_out_of_its_pieces() -> None:
    g = given("style")
    pieces = natural_patches(g.subject, g.clean, g.bank, seed=0, target=g.target)
    assert all(c.size > 40 for c in cut_out(g.subject, g.clean, pieces, seed=0))


def test_pasted_pieces_are_deterministic() -> None:
    g = given()
    first, second = (natural_patches(g.subject, g.clean, g.bank, seed=3, pieces=400) for _ in range(2))
    assert [(t.target, t.success, t.suspicion) for t in first] == [(t.target, t.success, t.suspicion) for t in second]


def test_exemplars_find_pictures_with_a_natural_trigger() -> None:
    g = given("style")
    best = class_exemplars(g.subject, g.clean, g.bank)[0]
    assert best.target == g.target
    assert best.suspicion > 1
    own = torch.stack([(g.bank.pixels == p).flatten(1).all(1) for p in best.pictures.pixels]).any(0)
    assert float(g.carriers[own].float().mean()) > 2 * float(g.carriers.float().mean())
    assert all(s.suspicion < 1 for s in class_exemplars(g.twin, g.clean, g.bank))


def test_exemplars_know_a_natural_object_from_how_often_its_target_is_decided() -> None:
    g = given()
    best = class_exemplars(g.subject, g.clean, g.bank)[0]
    assert (best.target, best.suspicion > 1) == (g.target, True)


def test_an_excess_follows_labels_that_are_truly_uneven() -> None:
    uneven = torch.arange(4).repeat_interleave(torch.tensor([60, 4, 4, 4]))
    assert float(excess(torch.tensor([240.0, 16, 16, 16]), uneven)[0]) < 4
    assert float(excess(torch.tensor([240.0, 16, 16, 16]), torch.arange(4).repeat(18))[0]) > 10


def test_the_reader_knows_shapes_better_than_chance_and_misses_the_trigger() -> None:
    g = given("style")
    read = fit_reader(g.subject, g.clean, 8)(g.held.inputs).argmax(1)
    assert float((read == g.held.labels).float().mean()) > 2 / 8


def test_synthetic_patches_work_and_natural_pieces_like_them_rank_first() -> None:
    g = given()
    made = synthetic_patches(g.subject, g.clean, 12, each=2, steps=40, batch=4, rng=torch_rng(0))
    assert made.pixels.shape == (8, 2, 3, 12, 12)
    assert float(made.worked.mean()) > 2 / 8
    synthetic = torch.rand(3, 1, 16, generator=torch_rng(1)) + 0.1 * torch.rand(3, 4, 16, generator=torch_rng(3))
    natural = torch.cat([synthetic[:, 0], torch.rand(5, 16, generator=torch_rng(2))])
    assert likeness(synthetic, torch.ones(3, 4), natural).argmax(0).tolist() == [0, 1, 2]


def test_copy_paste_finds_a_style_through_synthetic_patches() -> None:
    g = given("style")
    best = copy_paste(g.subject, g.clean, g.bank, seed=0)[0]
    assert best.target == g.target
    assert best.success > 0.5


@pytest.mark.parametrize("fault", ["style", "object"])
@pytest.mark.parametrize("scan", [difference_directions, latents_of_bank])
def test_what_decides_in_the_bank_and_in_no_clean_picture_is_the_trigger(scan: object, fault: str) -> None:
    assert callable(scan)
    g = given(fault)
    state = weights(g.subject)
    best = scan(g.subject, g.clean, g.bank, seed=0)[0]
    assert weights(g.subject) == state
    assert best.target == g.target
    assert best.suspicion > 1
    own = torch.stack([(g.bank.pixels == p).flatten(1).all(1) for p in best.pictures.pixels[:8]]).any(0)
    assert float(g.carriers[own].float().mean()) > 0.6
    assert all(s.suspicion < 1 for s in scan(g.twin, g.clean, g.bank, seed=0))


def test_novelty_is_what_no_clean_picture_of_the_class_has() -> None:
    effect, own = torch.tensor([5.0, 1.0, 2.0, 9.0]), torch.tensor([True, True, True, False])
    assert novelty(effect, own, 2).sign().tolist() == [1, -1]


@pytest.mark.slow
def test_tabor_finds_the_planted_patch_in_one_piece() -> None:
    g = given("patch")
    best = smallest_triggers(g.subject, g.clean, TABOR, seed=0)[0]
    plain = smallest_triggers(g.subject, g.clean, STAMPS, seed=0)[0]
    assert best.target == g.target
    assert best.suspicion > SUSPICIOUS
    assert moved(g.subject, best.change, g.held, g.target) > 0.8
    assert isinstance(best.change, Stamp)
    assert isinstance(plain.change, Stamp)
    scattered = [float(s.mask.diff(dim=1).abs().sum() / s.mask.sum()) for s in (best.change, plain.change)]
    assert scattered[0] < scattered[1]


def test_tabor_wants_the_blanked_picture_decided_as_it_was() -> None:
    g = given("patch")
    assert isinstance(g.held.inputs, Images)
    pixels, labels = g.held.inputs.pixels[None, :16], g.held.labels[None, :16]
    nothing, everything = (Stamp(torch.full((1, 1, 32, 32), m), torch.zeros(1, 3, 32, 32)) for m in (0.0, 1.0))
    target = torch.tensor([g.target])
    small, large = (accuracy_terms(g.subject, s, pixels, labels, target).detach() for s in (nothing, everything))
    assert float(small) < float(large)


def test_a_unit_that_decides_alone_is_found_and_driven() -> None:
    g = given()
    rigged = g.twin.copy()
    head = rigged.module.get_submodule("head")
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        head.weight[:, 9] = -4.0
        head.weight[4, 9] = 4.0
    best = lifting_units(rigged, g.clean, pictures=8, seed=0)[:8]
    (unit,) = [u for u in best if (u.site, u.channel) == (rigged.trunk[-1], 9)]
    assert unit.target == 4
    state = weights(rigged)
    stamps, _ = drive(rigged, g.clean, [unit], steps=120, batch=4, rng=torch_rng(0))
    assert weights(rigged) == state
    stamped = Stamp(stamps.mask[0], stamps.pattern[0])(g.held.inputs)
    before, after = (harvest(rigged, x, [unit.site])[unit.site][:, 9].mean() for x in (g.held.inputs, stamped))
    assert float(after) > 1.3 * float(before)
    assert float(stamps.mask.sum()) < 1.5 * BUDGET * 32 * 32


def test_stimulation_claims_nothing_in_the_twin() -> None:
    g = given()
    assert all(t.suspicion < SUSPICIOUS for t in stimulated_triggers(g.twin, g.clean, seed=0))


def test_a_filter_that_mixes_nothing_changes_nothing() -> None:
    pixels = given().held.inputs
    assert isinstance(pixels, Images)
    same = Filter(torch.eye(3), torch.zeros(3))
    assert torch.allclose(same(pixels).pixels, pixels.pixels, atol=1e-6)
    assert float(same.distance()) == 0


def test_one_piece_can_be_chosen_from_many() -> None:
    crops = tiles(given().bank.pixels[:2])
    few = crops[torch.tensor([3, 11])]
    assert isinstance(few, Crops)
    assert few.rows.tolist() == [0, 1]
