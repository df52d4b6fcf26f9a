from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from fairfight.parts.bases.neurons import neurons
from fairfight.parts.bases.pca import pca
from fairfight.parts.bases.random_directions import random_directions


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def plane() -> torch.Tensor:
    """Points near a plane in ten dimensions."""
    return torch.randn(80, 2, generator=rng()) @ torch.randn(2, 10, generator=rng(1)) + 3 + 0.01 * torch.randn(80, 10)


def test_pca_finds_the_plane_and_agrees_with_scikit_learn(plane: torch.Tensor) -> None:
    found = pca(plane, variance=0.99)
    assert found.rows.shape == (2, 10)
    theirs = PCA(2).fit(plane.numpy())
    overlap = found.rows.numpy() @ theirs.components_.T
    np.testing.assert_allclose(np.abs(np.linalg.svd(overlap)[1]), 1, atol=1e-4)
    assert found.residual(plane).max() < 0.1
    off = plane + 5 * pca(plane, k=10).rows[-1]
    torch.testing.assert_close(found.residual(off), torch.full((80,), 5.0), rtol=0.03, atol=0)


def test_pca_keeps_all_variance_when_asked_to(plane: torch.Tensor) -> None:
    found = pca(plane, variance=1.0)
    torch.testing.assert_close(found.decode(found.encode(plane)), plane, rtol=0, atol=1e-4)


@pytest.mark.parametrize("n", [1, 2])
def test_pca_of_hardly_any_points_has_no_more_directions_than_points_tell_apart(n: int) -> None:
    x = torch.randn(n, 5, generator=rng())
    found = pca(x)
    assert len(found.rows) == n - 1
    assert found.residual(x).max() < 1e-5


def test_pca_of_constant_columns_has_no_directions() -> None:
    found = pca(torch.full((6, 4), 2.0))
    assert len(found.rows) == 0
    torch.testing.assert_close(found.residual(torch.full((1, 4), 3.0)), torch.tensor([2.0]))


def test_random_directions_are_orthonormal_repeatable_and_blind(plane: torch.Tensor) -> None:
    a = random_directions(plane, k=4, rng=rng(7))
    torch.testing.assert_close(a.rows @ a.rows.T, torch.eye(4), rtol=0, atol=1e-5)
    assert torch.equal(a.rows, random_directions(plane, k=4, rng=rng(7)).rows)
    assert torch.equal(a.rows, random_directions(plane * 9 - 1, k=4, rng=rng(7)).rows)
    assert random_directions(plane, k=2, rng=rng()).residual(plane).mean() > 5 * pca(plane, k=2).residual(plane).mean()


def test_neurons_are_axes_and_the_most_variable_come_first() -> None:
    x = torch.randn(50, 3, generator=rng()) * torch.tensor([1.0, 9.0, 3.0])
    whole = neurons(x)
    torch.testing.assert_close(whole.encode(x), x - x.mean(0))
    assert neurons(x, k=2).rows.tolist() == [[0, 1, 0], [0, 0, 1]]
