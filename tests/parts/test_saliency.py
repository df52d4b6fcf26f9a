"""Attributions point at a trigger, edges at what is steep, and a network that knows nothing at nothing."""

from __future__ import annotations

import sys
from functools import cache

import pytest
import torch
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.saliency.agreement import correlation, overlap, pointing
from fairfight.parts.saliency.attributions import METHODS, attribution
from fairfight.parts.saliency.edges import edges
from fairfight.subject import Images, Subject, cnn, wrap
from tests.parts.organisms import weights
from tests.tasks.tiny import PATCH, organism


@cache
def sick() -> Subject:
    return organism()[0].subject


@cache
def fresh() -> Subject:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return wrap(cnn(channels=1, size=16, classes=10), "image-classifier", name="fresh")


def shown(count: int = 6) -> Images:
    return organism()[0].suspects[:count]


def patch(count: int = 6) -> Tensor:
    where = torch.zeros(count, 16, 16, dtype=torch.bool)
    where[:, :PATCH, :PATCH] = True
    return where


def test_edges_are_where_a_picture_is_steep() -> None:
    pixels = torch.zeros(2, 3, 12, 12)
    pixels[1, :, :, 6:] = 0.5
    found = edges(Images(pixels))
    assert found.shape == (2, 12, 12)
    assert float(found[0].abs().max()) == 0
    assert torch.nonzero(found[1, 0]).flatten().tolist() == [5, 6]
    torch.testing.assert_close(found[1, 0, 5], torch.tensor(3 * 4 * 0.5))
    torch.testing.assert_close(edges(Images(pixels.transpose(2, 3))), found.transpose(1, 2))


def test_agreement_of_a_perfect_an_opposite_and_an_empty_map() -> None:
    mask = patch(1)
    for measure, perfect, opposite in ((correlation, 1.0, -1.0), (overlap, 1.0, 0.0), (pointing, 1.0, 0.0)):
        assert float(measure(3 * mask.float(), mask)) == pytest.approx(perfect)
        assert float(measure(1 - mask.float(), mask)) == pytest.approx(opposite)
    empty = torch.zeros(1, 16, 16)
    assert float(correlation(empty, mask)) == 0
    assert float(pointing(empty, mask)) == pytest.approx(16 / 256)
    assert float(overlap(empty, mask)) == pytest.approx(1 / 31)  # one of 16 pixels by chance


def test_half_of_the_place_overlaps_by_a_third() -> None:
    mask = patch(1)
    half = torch.zeros(1, 16, 16)
    half[:, :PATCH, 2 : 2 + PATCH] = 1
    assert float(overlap(half, mask)) == pytest.approx(1 / 3)


def test_what_is_asked_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Images(torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0)))
    with pytest.raises(UserError, match="did you mean 'occlusion'"):
        attribution(fresh(), plain, 0, method="oclusion")
    with pytest.raises(UserError, match="no class 10"):
        attribution(fresh(), plain, 10)
    with pytest.raises(UserError, match="between 0 and 1"):
        attribution(fresh(), Images(255 * plain.pixels), 0)
    with pytest.raises(UserError, match="cannot be run on pictures of 3×16×16"):
        attribution(fresh(), Images(plain.pixels.repeat(1, 3, 1, 1)), 0)
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(UserError, match=r"fairfight\[saliency\]"):
        attribution(fresh(), plain, 0)


def test_occlusion_points_at_the_patch_and_the_gradient_of_an_untrained_network_does_not() -> None:
    pytest.importorskip("captum", reason="the extra 'saliency' is not installed")
    found = attribution(sick(), shown(), 0, method="occlusion")
    assert found.shape == (6, 16, 16)
    assert float(pointing(found, patch()).mean()) > 0.8
    assert float(correlation(found, patch()).mean()) > 0.4
    assert float(correlation(found, patch()).mean()) > float(correlation(edges(shown()), patch()).mean())
    blind = attribution(fresh(), shown(), 0, method="saliency")
    assert float(correlation(blind, patch()).mean()) < 0.2
    assert float(pointing(blind, patch()).mean()) < 0.5


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_map_a_picture_and_leaves_all_as_it_was(method: str) -> None:
    pytest.importorskip("captum", reason="the extra 'saliency' is not installed")
    before, state = weights(sick()), torch.get_rng_state()
    once, again = (attribution(sick(), shown(3), 0, method=method, seed=4) for _ in range(2))
    assert once.shape == (3, 16, 16)
    assert bool(torch.isfinite(once).all())
    assert float(once.min()) >= 0
    assert float(once.max()) > 0
    assert torch.equal(once, again)
    assert weights(sick()) == before
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(m._forward_hooks or m._backward_hooks for m in sick().module.modules())


def test_one_picture_cannot_be_permuted() -> None:
    pytest.importorskip("captum", reason="the extra 'saliency' is not installed")
    with pytest.raises(UserError, match="two pictures"):
        attribution(sick(), shown(1), 0, method="feature-permutation")
