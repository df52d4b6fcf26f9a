"""What cannot be done is said in one sentence, by every search for triggers in pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import torch

from fairfight.errors import UserError
from fairfight.parts.attacks.asked import classes_of, fitting
from fairfight.parts.attacks.classes import SCREEN, smallest_triggers
from fairfight.parts.attacks.masks import STAMPS, Stamp
from fairfight.parts.attacks.patch import Patch
from fairfight.parts.attacks.stacked import Kind, search
from fairfight.parts.attacks.universal import SHIFTS, Shift
from fairfight.parts.attacks.warping import WARPS
from fairfight.parts.scans.copy_paste import copy_paste, synthetic_patches
from fairfight.parts.scans.differences import difference_directions
from fairfight.parts.scans.exemplars import class_exemplars
from fairfight.parts.scans.latents import latents_of_bank
from fairfight.parts.scans.natural import natural_patches
from fairfight.parts.scans.stimulation import stimulated_triggers
from fairfight.parts.scans.tabor import TABOR
from fairfight.parts.synthesis.crops import best_pieces
from fairfight.parts.synthesis.generator import train_generator
from fairfight.parts.synthesis.pictures import cppn, fourier
from fairfight.parts.synthesis.search import Effort, pixelwise, strongest_patches
from fairfight.parts.synthesis.visualise import logits_of, units_of, visualise
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject import Images, Subject, cnn, wrap

Seek = Callable[[Subject, Labelled, Images], object]
SIZE = 16


@cache
def fresh(classes: int = 4) -> Subject:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return wrap(cnn(channels=3, size=SIZE, classes=classes, width=4).eval(), "image-classifier", name="fresh")


def pictures(n: int = 8, channels: int = 3, top: float = 1.0) -> Images:
    return Images(top * torch.rand(n, channels, SIZE, SIZE, generator=torch_rng(0, "pictures")))


def clean(images: Images | None = None, most: int = 4) -> Labelled:
    images = images or pictures()
    return Labelled(images, torch.arange(len(images)) % most)


def smallest(kind: Kind) -> Seek:
    return lambda subject, known, bank: smallest_triggers(subject, known, kind, seed=0)


SEEKERS: dict[str, Seek] = {
    "stamps": smallest(STAMPS),
    "shifts": smallest(SHIFTS),
    "warps": smallest(WARPS),
    "tabor": smallest(TABOR),
    "patches": lambda s, c, b: strongest_patches(s, c, pixelwise((3, 4, 4)), seed=0, effort=Effort()),
    "pieces": lambda s, c, b: best_pieces(s, c, b.pixels, torch.zeros(len(b)).long(), seed=0, usual=1.0, side=4),
    "natural": lambda s, c, b: natural_patches(s, c, b, seed=0),
    "copy-paste": lambda s, c, b: copy_paste(s, c, b, seed=0),
    "exemplars": class_exemplars,
    "latents": lambda s, c, b: latents_of_bank(s, c, b, seed=0),
    "differences": lambda s, c, b: difference_directions(s, c, b, seed=0),
    "stimulation": lambda s, c, b: stimulated_triggers(s, c, seed=0),
}


@pytest.mark.parametrize("name", SEEKERS)
def test_every_search_says_what_is_wrong_with_what_it_is_given(name: str) -> None:
    seek = SEEKERS[name]
    with pytest.raises(UserError, match="a single class"):
        seek(fresh(1), clean(most=1), pictures())
    with pytest.raises(UserError, match="cannot be run on pictures of 1×16×16"):
        seek(fresh(), clean(pictures(channels=1)), pictures(channels=1))
    with pytest.raises(UserError, match="between 0 and 1"):
        seek(fresh(), clean(pictures(top=255.0)), pictures())
    with pytest.raises(UserError, match="between 0 and 1"):
        seek(fresh(), clean(Images(pictures().pixels * torch.nan)), pictures())
    with pytest.raises(UserError, match="no class 4"):
        seek(fresh(), clean(most=7), pictures())


@pytest.mark.parametrize("name", ["pieces", "natural", "copy-paste", "exemplars", "latents", "differences"])
def test_a_bank_is_like_the_clean_pictures(name: str) -> None:
    larger = Images(torch.rand(8, 3, 20, 20, generator=torch_rng(0)))
    for bank in (larger, pictures(0), pictures(top=9.0)):
        with pytest.raises(UserError, match=r"like the labelled ones, 3×16×16|between 0 and 1"):
            SEEKERS[name](fresh(), clean(), bank)


def test_patches_fit_into_pictures() -> None:
    with pytest.raises(UserError, match="20 pixels a side does not fit into pictures of 16×16"):
        strongest_patches(fresh(), clean(), pixelwise((3, 20, 20)), seed=0, effort=Effort())
    with pytest.raises(UserError, match="17 pixels a side"):
        best_pieces(fresh(), clean(), pictures().pixels, torch.zeros(8).long(), seed=0, usual=1.0, side=17)
    with pytest.raises(UserError, match="17 pixels a side"):
        train_generator(pictures().pixels, 17, steps=1, rng=torch_rng(0))
    with pytest.raises(UserError, match="17 pixels a side"):
        synthetic_patches(fresh(), clean(), 17, each=1, steps=1, batch=1, rng=torch_rng(0))
    fitting(16, 16, 16)
    for patch in (
        Patch(torch.zeros(3, 17, 4), 0, 0),
        Patch(torch.zeros(3, 4, 4), 13, 0),
        Patch(torch.zeros(3, 4, 4), 0, -1),
        Patch(torch.zeros(1, 4, 4), 0, 0),
    ):
        with pytest.raises(UserError, match="does not fit into pictures of 3×16×16"):
            patch(pictures())


def test_targets_and_goals_exist() -> None:
    pixels, labels = pictures().pixels, clean().labels
    raw = STAMPS.start(1, (3, SIZE, SIZE), torch_rng(0))
    with pytest.raises(UserError, match="no class 4: the subject has classes 0 to 3"):
        search(fresh(), pixels, labels, torch.tensor([4]), raw, STAMPS, SCREEN, torch_rng(0))
    with pytest.raises(UserError, match="no class -1"):
        best_pieces(fresh(), clean(), pixels[:1], torch.tensor([-1]), seed=0, usual=1.0, side=4)
    for make in (fourier, cppn):
        for goal, wanted in ((logits_of(fresh()), 4), (units_of(fresh()), 10**6), (logits_of(fresh()), -1)):
            with pytest.raises(UserError, match="Goals go from 0 to"):
                visualise(fresh(), make(pixels), goal, torch.tensor([wanted]), steps=1, copies=1, rng=torch_rng(0))
        with pytest.raises(UserError, match="a single class"):
            visualise(
                fresh(1), make(pixels), logits_of(fresh(1)), torch.tensor([0]), steps=1, copies=1, rng=torch_rng(0)
            )


def test_triggers_are_for_pictures_of_their_size() -> None:
    small = Images(torch.rand(2, 3, 8, 8))
    for trigger in (Stamp(torch.zeros(1, 16, 16), torch.zeros(3, 16, 16)), Shift(torch.zeros(3, 16, 16))):
        assert torch.equal(trigger(pictures()).pixels, pictures().pixels)
        with pytest.raises(UserError, match="is for pictures of 16×16, not 8×8"):
            trigger(small)


def test_classes_are_counted_and_texts_have_none() -> None:
    assert classes_of(fresh(), pictures()) == 4
    with pytest.raises(UserError, match="shape \\[n, channels, height, width\\]"):
        classes_of(fresh(), pictures(0))
