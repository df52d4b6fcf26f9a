"""Edits change what they are to change and leave the rest; a subject keeps them, and so do its copies."""

from __future__ import annotations

import gc

import pytest
import torch
from torch import nn

from fairfight.errors import UserError
from fairfight.parts.bases.neurons import neurons
from fairfight.parts.bases.pca import pca
from fairfight.parts.bases.sparse import train
from fairfight.parts.edits.directions import project_out, steer
from fairfight.parts.edits.installed import with_edits
from fairfight.parts.edits.units import Basis, clamp, mean_ablate, resample_ablate, scale
from fairfight.subject import Images, Subject, cnn, harvest, wrap

pytestmark = pytest.mark.usefixtures("one_thread")


def activations(n: int = 200, d: int = 12) -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(n, 5, generator=rng).abs() @ torch.randn(5, d, generator=rng) + torch.randn(d, generator=rng)


def bases(x: torch.Tensor) -> dict[str, Basis]:
    return {"pca": pca(x, k=4), "neurons": neurons(x), "sae": train(x, width=10, k=3, steps=200, seed=0)}


@pytest.mark.parametrize("name", ["pca", "neurons", "sae"])
def test_only_the_chosen_units_move_and_what_the_basis_leaves_out_stays(name: str) -> None:
    x = activations()
    basis = bases(x)[name]
    moved = clamp(basis, [1, 2], 0.5)(x)
    codes = basis.encode(x)
    wanted = codes.clone()
    wanted[:, [1, 2]] = 0.5
    torch.testing.assert_close(moved - x, basis.decode(wanted) - basis.decode(codes), atol=1e-4, rtol=1e-4)
    if name != "sae":  # whose latents overlap
        torch.testing.assert_close(basis.encode(moved), wanted, atol=1e-4, rtol=1e-4)
    nothing = scale(basis, [1, 2], 1.0)(x)
    torch.testing.assert_close(nothing, x, atol=1e-5, rtol=1e-5)
    assert torch.equal(x, activations()), "what came in is left alone"


def test_a_mean_ablated_unit_says_nothing_any_more_and_a_resampled_one_says_what_others_said() -> None:
    x = activations()
    basis = pca(x, k=4)
    codes = basis.encode(x)
    held = basis.encode(mean_ablate(basis, [0], x)(x))
    torch.testing.assert_close(held[:, 0], codes[:, 0].mean().expand(len(x)), atol=1e-4, rtol=0)
    drawn = basis.encode(resample_ablate(basis, [0, 1], x, torch.Generator().manual_seed(1))(x))
    distance = torch.cdist(drawn[:, :2], codes[:, :2]).amin(dim=1)
    assert float(distance.max()) < 1e-2, "together, as they occurred"
    assert float((drawn[:, 0] - codes[:, 0]).abs().mean()) > 0.1
    torch.testing.assert_close(drawn[:, 2:], codes[:, 2:], atol=1e-4, rtol=1e-4)


def test_after_projecting_out_no_linear_reader_finds_the_direction() -> None:
    x = activations()
    label = torch.arange(len(x)) % 2 == 0
    direction = torch.randn(12, generator=torch.Generator().manual_seed(3))
    x = x + label[:, None] * direction
    gone = project_out(direction)(x)
    assert float((gone @ direction).abs().max()) < 1e-3
    torch.testing.assert_close(project_out(torch.stack([direction, 2 * direction]))(x), gone, atol=1e-4, rtol=1e-4)
    centre = x.mean(dim=0)
    kept = project_out(direction, centre)(x)
    torch.testing.assert_close(kept.mean(dim=0), centre, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(steer(direction, -2.0)(steer(direction, 2.0)(x)), x, atol=1e-5, rtol=1e-5)


def subject() -> tuple[Subject, Images]:
    torch.manual_seed(0)
    return wrap(cnn(1, 8, 3, 4).eval(), "image-classifier", check=False), Images(torch.rand(20, 1, 8, 8))


def test_a_subject_keeps_its_edits_and_so_do_its_copies() -> None:
    plain, inputs = subject()
    site = plain.trunk[1]
    before = plain(inputs)
    basis = neurons(harvest(plain, inputs, [site])[site])
    edited = with_edits(plain, {site: clamp(basis, [0, 2], 0.0)}, example=inputs[:2])
    gc.collect()
    assert not torch.equal(edited(inputs), before)
    assert torch.equal(plain(inputs), before), "the subject itself is as it was"
    again = edited.copy()
    wanted = edited(inputs)
    del edited
    gc.collect()
    assert torch.equal(again(inputs), wanted)
    first = plain.trunk[0]
    width = harvest(plain, inputs, [first])[first].shape[1]
    twice = with_edits(again, {first: steer(torch.ones(width))}, example=inputs[:2])
    assert not torch.equal(twice(inputs), wanted)


def test_edited_weights_can_still_be_trained() -> None:
    plain, inputs = subject()
    site = plain.trunk[1]
    basis = neurons(harvest(plain, inputs, [site])[site])
    edited = with_edits(plain, {site: clamp(basis, [0], 0.0)}, example=inputs[:2])
    nn.functional.cross_entropy(edited(inputs), torch.zeros(20, dtype=torch.long)).backward()
    assert all(p.grad is not None for p in edited.module.parameters())
    assert all(p.grad is None for p in plain.module.parameters())


def test_what_cannot_be_is_said_in_a_sentence() -> None:
    plain, inputs = subject()
    site = plain.trunk[1]
    basis = neurons(harvest(plain, inputs, [site])[site])
    with pytest.raises(UserError, match="Unknown site"):
        with_edits(plain, {"stages.99": clamp(basis, [0])}, example=inputs[:2])
    with pytest.raises(UserError, match="NaN or infinity"):
        with_edits(plain, {site: lambda x: x * torch.nan}, example=inputs[:2])
    with pytest.raises(UserError, match="at least one"):
        clamp(basis, [])
    with pytest.raises(UserError, match="all zero"):
        project_out(torch.zeros(4))
    with pytest.raises(UserError, match="NaN or infinite"):
        steer(torch.full((4,), torch.nan))
    assert not any(m._forward_hooks for m in plain.module.modules())
