from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from fairfight.parts.densities.gaussian import fit_gaussian
from fairfight.parts.densities.layers import fit_layers
from fairfight.parts.densities.neighbours import fit_neighbours


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("n", [8, 40, 400])
def test_distance_agrees_with_scikit_learn(n: int) -> None:
    x = torch.randn(n, 20, generator=rng(n)) @ torch.randn(20, 20, generator=rng(1)) + 1
    fitted, theirs = fit_gaussian(x), LedoitWolf().fit(x.double().numpy())
    assert fitted.shrinkage == pytest.approx(theirs.shrinkage_, abs=1e-9)
    y = torch.randn(5, 20, generator=rng(2))
    np.testing.assert_allclose(fitted.distance(y), theirs.mahalanobis(y.double().numpy()), rtol=1e-8)


def test_class_means_make_each_class_ordinary_and_the_middle_strange() -> None:
    labels = torch.arange(200) % 2
    x = torch.randn(200, 4, generator=rng()) + 20 * labels[:, None]
    fitted = fit_gaussian(x, labels)
    assert fitted.distance(x).mean() < 6
    assert fitted.distance(torch.full((1, 4), 10.0)) > 100
    assert fitted.distances(x[:3]).argmin(dim=1).tolist() == [0, 1, 0]


def test_one_point_and_constant_columns_still_give_finite_distances() -> None:
    assert torch.isfinite(fit_gaussian(torch.ones(1, 3)).distance(torch.zeros(2, 3))).all()
    dead = torch.cat([torch.randn(30, 2, generator=rng()), torch.zeros(30, 2)], dim=1)
    assert torch.isfinite(fit_gaussian(dead).distance(dead + 1)).all()


def test_neighbours_agree_with_scikit_learn_and_cope_with_a_small_bank() -> None:
    bank, x = torch.randn(50, 6, generator=rng()), torch.randn(9, 6, generator=rng(1))
    theirs, _ = NearestNeighbors(n_neighbors=10, metric="cosine").fit(bank.numpy()).kneighbors(x.numpy())
    np.testing.assert_allclose(fit_neighbours(bank, k=10).distance(x), theirs[:, -1], atol=1e-5)
    assert fit_neighbours(bank[:2], k=10).distance(x).shape == (9,)


def test_layers_count_equally_whatever_their_units() -> None:
    acts = {"a": torch.randn(60, 3, generator=rng()), "b": 1000 * torch.randn(60, 3, generator=rng(1))}
    fitted = fit_layers(acts, lambda site, x, rows: lambda y: (y - x.mean(0)).norm(dim=1))
    strange_in_a = {"a": acts["a"][:1] + 50, "b": acts["b"][:1]}
    strange_in_b = {"a": acts["a"][:1], "b": acts["b"][:1] + 50_000}
    assert fitted.score(strange_in_a) == pytest.approx(float(fitted.score(strange_in_b)), rel=0.5)
    assert fitted.score(strange_in_a) > fitted.score(acts).max() + 5
    widest = fit_layers(acts, lambda site, x, rows: lambda y: (y - x.mean(0)).norm(dim=1), join="max")
    assert widest.score(strange_in_a) > 1.5 * fitted.score(strange_in_a)


def test_the_scale_comes_from_inputs_that_were_not_fitted() -> None:
    def memory(site: str, x: torch.Tensor, rows: torch.Tensor):  # type: ignore[no-untyped-def]
        return lambda y: torch.cdist(y, x).amin(dim=1)

    acts = {"a": torch.randn(80, 5, generator=rng())}
    fresh = {"a": torch.randn(80, 5, generator=rng(1))}
    assert abs(float(fit_layers(acts, memory).score(fresh).median())) < 0.7
    assert float(fit_layers(acts, memory, cross=False).score(fresh).median()) > 1e3
