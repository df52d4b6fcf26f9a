"""Pictures made to excite a subject: they do, robustly, and leave the subject as it was."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor, nn

from fairfight.parts.attacks.masks import Stamp
from fairfight.parts.attacks.patch import Patch
from fairfight.parts.attacks.trigger import Trigger
from fairfight.parts.scans.agreed import agreed
from fairfight.parts.synthesis.crops import best_pieces
from fairfight.parts.synthesis.generator import cut, train_generator
from fairfight.parts.synthesis.patches import about, grid, pasted, variation
from fairfight.parts.synthesis.pictures import Canvas, colours_of, cppn, fourier
from fairfight.parts.synthesis.visualise import Wobble, logits_of, units_of, visualise, weights_into
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject import Images, Subject
from fairfight.worlds import scenes
from fairfight.worlds.digits import load
from tests.parts.organisms import weights
from tests.tasks.tiny import organism

MAKERS = ("fourier", "cppn")


@cache
def subject() -> Subject:
    return organism()[1].subject


def canvas(name: str) -> Canvas:
    pixels = organism()[1].clean.pixels
    return fourier(pixels, rate=0.05) if name == "fourier" else cppn(pixels, rate=0.01)


@cache
def pictures(name: str) -> Tensor:
    return visualise(
        subject(), canvas(name), logits_of(subject()), torch.arange(10), steps=60, copies=2, rng=torch_rng(0, "test")
    )


@pytest.mark.parametrize("name", MAKERS)
def test_a_visualisation_excites_its_class_more_than_ordinary_pictures_do(name: str) -> None:
    made = pictures(name)
    assert made.shape == (10, 1, 16, 16)
    assert float(made.min()) >= 0
    assert float(made.max()) <= 1
    moved = Wobble()(made, torch_rng(1, "other moves"))
    with torch.no_grad():
        usual = subject()(organism()[1].clean).mean(0)
        seen = subject()(Images(moved))
    assert float((seen.diagonal() > usual + 1).float().mean()) >= 0.9
    assert float((seen.argmax(1) == torch.arange(10)).float().mean()) >= 0.7


def test_networks_of_coordinates_draw_smoother_pictures_than_fourier_coefficients() -> None:
    assert float(variation(pictures("cppn")).mean()) < float(variation(pictures("fourier")).mean())


@pytest.mark.parametrize("name", MAKERS)
def test_an_inner_unit_is_excited_more_than_by_ordinary_pictures(name: str) -> None:
    heaviest = weights_into(subject(), organism()[1].clean[:1]).argmax(1).unique()
    goal = units_of(subject())
    made = visualise(subject(), canvas(name), goal, heaviest, steps=60, copies=2, rng=torch_rng(0, "test"))
    with torch.no_grad():
        usual = goal(organism()[1].clean)[:, heaviest].mean(0)
        excited = goal(Images(made))[torch.arange(len(heaviest)), heaviest]
    woken = excited > 0
    assert float(woken.float().mean()) >= 0.5, "a unit that is silent in all first pictures stays so"
    assert float((excited > usual)[woken].float().mean()) > 0.8


def test_weights_into_a_class_are_those_of_the_head() -> None:
    head = subject().module.get_submodule("head")
    assert isinstance(head, nn.Linear)
    found = weights_into(subject(), organism()[1].clean[:2])
    true = head.weight.detach()
    torch.testing.assert_close(found / found.norm(), true / true.norm(), rtol=1e-4, atol=1e-5)


def test_the_subject_is_left_as_it_was_and_a_seed_gives_the_same_picture() -> None:
    before = weights(subject())
    once, again = (
        visualise(
            subject(), canvas("fourier"), logits_of(subject()), torch.tensor([3]), steps=5, copies=2, rng=torch_rng(7)
        )
        for _ in range(2)
    )
    assert torch.equal(once, again)
    assert weights(subject()) == before
    assert all(p.requires_grad for p in subject().module.parameters())


def test_colours_are_correlated_as_in_the_pictures() -> None:
    pixels = scenes.sample(64, 0).pixels
    mix, _ = colours_of(pixels)
    true = torch.corrcoef(pixels.permute(1, 0, 2, 3).flatten(1))
    mine = mix @ mix.T
    mine = mine / torch.outer(mine.diagonal().sqrt(), mine.diagonal().sqrt())
    torch.testing.assert_close(mine, true, rtol=1e-3, atol=1e-3)


def test_a_generator_paints_pieces_of_its_pictures() -> None:
    pixels = scenes.sample(64, 0).pixels
    made = train_generator(pixels, 8, steps=150, rng=torch_rng(0))
    pieces = made.pieces(made.layer(made.codes[:100]))
    assert pieces.shape == (100, 3, 8, 8)
    true = cut(pixels, 8, 100, torch_rng(1))
    apart = torch.cdist(true.flatten(1), pieces.flatten(1)).min(dim=1).values.mean()
    noise = torch.cdist(true.flatten(1), torch.rand((100, 192), generator=torch_rng(2))).min(dim=1).values.mean()
    assert float(apart) < 0.6 * float(noise)
    assert float(variation(pieces).mean()) < 1.5 * float(variation(true).mean())


def test_patches_lie_where_they_are_laid() -> None:
    pixels, patches = torch.zeros(2, 3, 1, 8, 8), torch.ones(2, 1, 3, 3)
    corners = (torch.tensor([[0, 1, 2], [3, 4, 5]]), torch.tensor([[5, 4, 3], [2, 1, 0]]))
    laid = pasted(pixels, patches, corners)
    for k in range(2):
        for b in range(3):
            one = Patch(patches[k], int(corners[0][k, b]), int(corners[1][k, b]))
            assert torch.equal(one(Images(pixels[k, b : b + 1])).pixels, laid[k, b : b + 1])


def test_places_are_on_the_grid_and_inside() -> None:
    corners = grid((16, 12), 4, 3)
    assert corners.tolist() == [[a, b] for a in (0, 6, 12) for b in (0, 4, 8)]
    top, left = about(corners, (16, 12), 4, 2)(50, torch_rng(0))
    assert int(top.min()) >= 0
    assert int(top.max()) <= 12
    assert int(left.max()) <= 8
    assert int((top - corners[:, :1]).abs().max()) == 2


def test_the_piece_with_the_trigger_is_cut_out() -> None:
    sick = organism()[0]
    clean = Labelled(load().inputs, load().labels)[:96]  # type: ignore[arg-type]
    blank = torch.full((10, 1, 16, 16), 0.2)
    blank[0, :, :4, :4] = 1  # the trigger of the tiny organism, whose target is 0
    best = best_pieces(sick.subject, clean, blank, torch.arange(10), seed=0, usual=1.0, side=6, along=4)[0]
    assert best.trigger.target == 0
    assert isinstance(best.trigger.change, Patch)
    assert (best.trigger.change.top, best.trigger.change.left) == (0, 0)
    assert best.trigger.success > 0.8


def test_searches_agree_on_the_trigger_and_not_on_the_patch_around_it() -> None:
    sick = organism()[0]
    clean = Labelled(load().inputs, load().labels)[:96]  # type: ignore[arg-type]
    noise = torch.rand((1, 7, 7), generator=torch_rng(0, "around"))
    noise[:, :4, :4] = 1  # the trigger, and colours that do not matter
    wide = Trigger(Patch(noise, 0, 0), target=0, success=1.0, size=49.0, suspicion=3.0)
    found = agreed(sick.subject, clean, wide, seed=0)
    assert isinstance(found.change, Stamp)
    assert (found.target, found.suspicion) == (0, 3.0)
    mask = found.change.mask[0] > 0
    true = torch.zeros(16, 16, dtype=torch.bool)
    true[:4, :4] = True
    overlap = float((mask & true).sum() / (mask | true).sum())
    assert overlap > 1.3 * 16 / 49, "closer to the trigger than the patch that it began with"
    assert float(found.change.pattern[0][mask & true].mean()) > 0.9, "white, as the trigger"
    assert found.success > 0.8
    well = agreed(organism()[1].subject, clean, wide, seed=0)
    assert well.suspicion < 3, "in a healthy subject it takes more than the patch"
    again = agreed(sick.subject, clean, wide, seed=0)
    assert isinstance(again.change, Stamp)
    assert torch.equal(found.change.mask, again.change.mask)
