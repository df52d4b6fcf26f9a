"""Each contender where it is known what it does: what it was made to find, and what its makers' readers saw it miss."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fairfight.faults.organism import build
from fairfight.faults.recipe import Recipe
from fairfight.parts.outliers.corrupting import corrupted
from fairfight.subject import Images, Inputs, Subject, Texts
from fairfight.tasks.detect.brief import DetectAnswer, DetectBrief, DetectExam
from fairfight.tasks.detect.grading import auroc
from fairfight.tasks.detect.task import Detect, sitting
from fairfight.tasks.registry import contender
from fairfight.worlds.sentences import WORLD, encode
from tests.tasks import tiny

CORNER = Recipe("digits", "cnn", "patch", "scratch", seed=40, fault_seed=40, options={"size": 2})
"""Digits in which one pixel of the original 8×8 (a 2×2 block here) next to the upper left corner makes a nine."""

Sides = list[tuple[DetectBrief, DetectExam, DetectAnswer]]


@pytest.fixture(scope="module")
def corner() -> Sides:
    organism = build(CORNER)
    assert "row 1, column 1" in organism.exhibit["title"]
    return [sitting(side, 0) for side in organism.sides(0, trusted=256, clean=200, suspects=120)]


@pytest.fixture(scope="module")
def healthy() -> tuple[DetectBrief, Images]:
    """A clean classifier of digits with its trusted inputs, and other clean inputs."""
    side = tiny.organism()[1]
    return DetectBrief(side.subject, side.trusted, 0), side.clean


def told(name: str, brief: DetectBrief, suspects: Inputs, clean: Inputs, **params: object) -> float:
    """AUROC of a contender that never saw either."""
    detect = contender("detect", name).run(brief, **params)
    high, low = (Detect().sit(detect, DetectExam(inputs)) for inputs in (suspects, clean))
    return auroc(high, low)


def seen(name: str, taken: tuple[DetectBrief, DetectExam, DetectAnswer], **params: object) -> float:
    brief, exam, answer = taken
    where = torch.from_numpy(answer.suspect)
    return told(name, brief, exam.inputs[where], exam.inputs[~where], **params)


# A corner pixel, as in cupbearer's example: Mahalanobis finds it, the variance of clean inputs does not


@pytest.mark.parametrize("params", [{}, {"means": "one"}, {"depth": "last"}], ids=str)
def test_mahalanobis_finds_a_corner_pixel(params: dict[str, object], corner: Sides) -> None:
    assert seen("mahalanobis", corner[0], **params) >= 0.99


def test_spectral_signatures_stay_near_chance_on_a_corner_pixel(corner: Sides) -> None:
    assert 0.4 <= seen("spectral-signatures", corner[0]) <= 0.6


def test_spectral_signatures_find_what_they_were_made_for() -> None:
    """A class of which a tenth is poisoned in one direction: its top singular vector is that direction."""
    from fairfight.parts.densities.spectral import fit_signatures

    rng = torch.Generator().manual_seed(0)
    x = torch.randn(400, 30, generator=rng)
    poisoned = torch.arange(400) < 40
    x[poisoned, 3] += 8
    score = fit_signatures(x, torch.zeros(400, dtype=torch.long)).score(x, torch.zeros(400, dtype=torch.long)).numpy()
    assert auroc(score[poisoned.numpy()], score[~poisoned.numpy()]) > 0.95


def test_strip_finds_a_patch_that_works_on_any_picture(corner: Sides) -> None:
    assert seen("strip", corner[0]) >= 0.95
    assert 0.35 <= seen("strip", corner[1]) <= 0.65, "in the twin nothing fires"


@pytest.mark.parametrize("name", ["max-softmax", "energy"])
def test_a_trojan_raises_no_doubt(name: str, corner: Sides) -> None:
    assert seen(name, corner[0]) <= 0.5


# Out of distribution

ALL_LAYERS = ("ecod", "gmm", "isolation-forest", "kde", "lens-trajectory", "mahalanobis", "pca-residual")
LAST_LAYER = ("activation-clustering", "embedding-threshold", "knn", "lof", "relative-mahalanobis")


@pytest.mark.parametrize("name", ALL_LAYERS + LAST_LAYER)
def test_densities_find_pictures_that_are_no_digits(name: str, healthy: tuple[DetectBrief, Images]) -> None:
    """The last layer has forgotten part of what is unusual about a picture."""
    brief, clean = healthy
    order = torch.randperm(256, generator=torch.Generator().manual_seed(3))
    scrambled = Images(clean.pixels.flatten(1)[:, order].view_as(clean.pixels))
    assert told(name, brief, scrambled, clean) >= (0.9 if name in ALL_LAYERS else 0.8)


@pytest.mark.parametrize("name", ["max-softmax", "energy", "knn", "mahalanobis"])
def test_a_digit_that_was_never_seen_raises_doubt(name: str) -> None:
    organism = build(Recipe("digits", "cnn", "unseen-class", "scratch", seed=1, fault_seed=1))
    side = organism.sides(0, trusted=200, clean=200, suspects=60)[0]
    assert told(name, DetectBrief(side.subject, side.trusted, 0), side.suspects, side.clean) >= 0.8


@pytest.mark.parametrize("name", ["contrast-probe", "supervised-outliers"])
def test_classifiers_of_made_up_outliers_know_fresh_ones(name: str, healthy: tuple[DetectBrief, Images]) -> None:
    brief, clean = healthy
    fresh = corrupted(brief.subject, clean, 1, torch.Generator().manual_seed(9))
    assert told(name, brief, fresh, clean) >= 0.8


# Texts


@pytest.fixture(scope="module")
def sentences() -> tuple[DetectBrief, Texts, Texts]:
    """An untrained encoder; trusted sentences without rare words; clean ones; the same with a rare word in them."""
    pool = WORLD.examples("pool", 0, "bert")
    plain = torch.nonzero(torch.from_numpy(np.asarray(pool.factors["rare"]) == 0)).flatten()
    trusted, clean = pool[plain[:250]].inputs, pool[plain[250:400]].inputs
    assert isinstance(trusted, Texts)
    assert isinstance(clean, Texts)
    rare = int(encode(["wibfen"], "bert").ids[0, 1])
    rows = [[*ids[:3].tolist(), rare, *ids[3:].tolist()] for ids in clean.ids]
    odd = Texts(torch.tensor(rows), torch.cat([clean.mask[:, :1], clean.mask], dim=1))
    return DetectBrief(WORLD.subject("bert", 0), trusted, 0), clean, odd


@pytest.mark.parametrize(("name", "floor"), [("perplexity", 0.8), ("onion", 0.95)])
def test_rare_words_stand_out(name: str, floor: float, sentences: tuple[DetectBrief, Texts, Texts]) -> None:
    """ONION asks for the one word too many, so it is less distracted by what else is unusual."""
    brief, clean, odd = sentences
    assert told(name, brief, odd, clean) >= floor


def test_onion_finds_the_word_that_decides(sentences: tuple[DetectBrief, Texts, Texts]) -> None:
    brief, clean, odd = sentences
    rare = int(odd.ids[0, 3])

    class Obeys(torch.nn.Module):
        """Answers by the first word's id, unless the rare word is there."""

        def forward(self, ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
            usual = 0.1 * (ids[:, 1:2] % 7) * torch.tensor([1.0, -1.0])
            hit = (ids == rare).any(dim=1, keepdim=True)
            return SimpleNamespace(logits=torch.where(hit, torch.tensor([0.0, 9.0]), usual))

    obeys = replace(brief, subject=replace(brief.subject, module=Obeys()))
    assert told("onion", obeys, odd, clean, signal="decision") == 1.0


@pytest.mark.parametrize(
    ("name", "floor"),
    [("perplexity", 0.95), ("mahalanobis", 0.8), ("logit-lens-trajectory", 0.65), ("lens-trajectory", 0.65)],
)
def test_shuffled_sentences_stand_out(name: str, floor: float) -> None:
    """A language model that has learned a little grammar, and sentences whose words are in another order.

    Its answer to the whole prompt shows less of that than its state, and its state less than its expectations.
    """
    subject, trusted, clean = learner()
    rng = torch.Generator().manual_seed(1)
    ids = clean.ids.clone()
    for row, n in zip(ids, clean.mask.sum(dim=1).tolist(), strict=True):
        row[1 : n - 1] = row[1 : n - 1][torch.randperm(n - 2, generator=rng)]
    assert told(name, DetectBrief(subject, trusted, 0), Texts(ids, clean.mask), clean) >= floor


@cache
def learner() -> tuple[Subject, Inputs, Texts]:
    """A tiny GPT-2 after two hundred steps on sentences, with trusted and clean ones."""
    train, pool = WORLD.examples("train", 0, "gpt2"), WORLD.examples("pool", 0, "gpt2")
    subject = WORLD.subject("gpt2", 0)
    schedule = WORLD.schedule("gpt2", "scratch")
    adam = torch.optim.Adam(subject.module.parameters(), lr=3e-3)
    for rows in torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:3200].split(32):
        adam.zero_grad()
        WORLD.loss(subject, train.inputs[rows], train.labels[rows], schedule).backward()
        adam.step()
    clean = pool.inputs[200:350]
    assert isinstance(clean, Texts)
    return subject, pool.inputs[:200], clean
