"""Densities beyond the Gaussian, against the libraries that have them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.neighbors import KernelDensity, LocalOutlierFactor

from fairfight.errors import UserError
from fairfight.parts.densities.activations import at_depth, finite_activations
from fairfight.parts.densities.clusters import k_means
from fairfight.parts.densities.gaussian import fit_gaussian
from fairfight.parts.densities.kernel import fit_kernel
from fairfight.parts.densities.local_factor import fit_local_factor
from fairfight.parts.densities.mixture import fit_mixture
from fairfight.parts.densities.sided import sided
from fairfight.parts.densities.spectral import fit_signatures
from fairfight.parts.densities.tails import fit_tails
from fairfight.subject import Images, cnn, wrap


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_tails_agree_with_pyod_asked_about_one_vector_at_a_time() -> None:
    ecod = pytest.importorskip("pyod.models.ecod")
    x, y = torch.randn(60, 5, generator=rng()).exp().double(), torch.randn(7, 5, generator=rng(1)).exp().double()
    model = ecod.ECOD(n_jobs=1).fit(x.numpy())
    theirs = [float(model.decision_function(row[None].numpy())[0]) for row in y]
    np.testing.assert_allclose(fit_tails(x).strangeness(y), theirs, rtol=1e-9)


def test_a_constant_column_says_nothing_until_it_changes() -> None:
    x = torch.cat([torch.randn(40, 2, generator=rng()), torch.full((40, 1), 3.0)], dim=1)
    tails = fit_tails(x)
    same, changed = x[:1].clone(), x[:1].clone()
    changed[0, 2] = 3.5
    assert tails.strangeness(same) == pytest.approx(float(fit_tails(x[:, :2]).strangeness(same[:, :2])))
    assert tails.strangeness(changed) > tails.strangeness(same) + 3


def test_the_local_factor_agrees_with_scikit_learn() -> None:
    x, y = torch.randn(90, 4, generator=rng()), 2 * torch.randn(11, 4, generator=rng(1))
    theirs = LocalOutlierFactor(n_neighbors=15, novelty=True).fit(x.double().numpy()).score_samples(y.double().numpy())
    np.testing.assert_allclose(fit_local_factor(x, k=15).factor(y), -theirs, rtol=1e-6)


def test_the_local_factor_of_one_known_vector_is_the_distance_and_copies_are_finite() -> None:
    alone = fit_local_factor(torch.zeros(1, 3), k=5)
    near, far = alone.factor(torch.tensor([[1.0, 0, 0], [9, 0, 0]]))
    assert far > 5 * near > 0
    assert torch.isfinite(fit_local_factor(torch.ones(6, 2), k=3).factor(torch.tensor([[1.0, 1], [2, 2]]))).all()


def test_k_means_is_no_worse_than_scikit_learn_and_keeps_to_distinct_rows() -> None:
    spots = torch.tensor([[0.0, 0], [8, 0], [0, 8]])
    x = spots[torch.arange(90) % 3] + 0.5 * torch.randn(90, 2, generator=rng())
    centres, own = k_means(x, k=3, rng=rng())
    loss = float((x - centres[own]).square().sum())
    assert loss <= KMeans(3, n_init=4, random_state=0).fit(x.numpy()).inertia_ * 1.001
    assert len(k_means(torch.ones(5, 2), k=3, rng=rng())[0]) == 1


def test_a_mixture_of_one_is_the_gaussian_and_two_see_the_gap_between() -> None:
    x = torch.randn(500, 3, generator=rng())
    y = torch.randn(9, 3, generator=rng(1))
    one = fit_mixture(x, k=1, rng=rng()).surprise(y)
    gaussian = fit_gaussian(x).distance(y) / 2
    assert float(np.corrcoef(one, gaussian)[0, 1]) > 0.999
    apart = x + 12 * (torch.arange(500) % 2)[:, None]
    middle, inside = torch.full((1, 3), 6.0), torch.zeros(1, 3)
    mixture = fit_mixture(apart, k=2, rng=rng())
    assert mixture.surprise(middle) > mixture.surprise(inside) + 5
    assert fit_gaussian(apart).distance(middle) < fit_gaussian(apart).distance(inside)


def test_kernels_agree_with_scikit_learn_in_whitened_coordinates() -> None:
    x, y = torch.randn(80, 3, generator=rng()), torch.randn(6, 3, generator=rng(1))
    kernel = fit_kernel(x, width=0.7)
    theirs = KernelDensity(bandwidth=kernel.bandwidth).fit(kernel.bank.numpy())
    logs = theirs.score_samples((y.double() @ kernel.frame.whitener).numpy())
    np.testing.assert_allclose(np.diff(kernel.surprise(y)), -np.diff(logs), atol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 10])
def test_fewer_vectors_than_dimensions_and_dead_columns_give_finite_scores(n: int) -> None:
    x = torch.randn(n, 40, generator=rng())
    x[:, 5:9] = 1.0
    y = torch.randn(3, 40, generator=rng(1))
    for score in (
        fit_mixture(x, k=4, rng=rng()).surprise,
        fit_kernel(x).surprise,
        fit_local_factor(x, k=20).factor,
        fit_tails(x).strangeness,
    ):
        assert torch.isfinite(score(y)).all()


def test_signatures_of_an_unknown_class_are_the_smallest_of_all() -> None:
    x = torch.tensor([[0.0, 0], [4, 0], [10, 0], [10, 6]])
    fitted = fit_signatures(x, torch.tensor([0, 0, 1, 1]))
    found = fitted.score(torch.tensor([[3.0, 9], [3, 9]]), torch.tensor([0, 7]))
    torch.testing.assert_close(found, torch.tensor([1.0, 1.0]))
    assert fitted.score(torch.tensor([[3.0, 9]]), torch.tensor([1])) == pytest.approx(36.0)


def test_two_sides_are_distances_from_the_usual() -> None:
    trusted = Images(torch.linspace(0, 1, 11).view(-1, 1, 1, 1))
    asked = Images(torch.tensor([0.5, 0.0, 1.0]).view(-1, 1, 1, 1))

    def bright(inputs: Images) -> torch.Tensor:
        return inputs.pixels.flatten()

    assert sided(bright, trusted, two_sided=False)(asked).tolist() == [0.5, 0.0, 1.0]  # type: ignore[arg-type]
    assert sided(bright, trusted, two_sided=True)(asked).tolist() == pytest.approx([0.0, 0.5, 0.5])  # type: ignore[arg-type]


def test_depths() -> None:
    trunk = tuple("abcd")
    assert [at_depth(trunk, d) for d in ("first", "middle", "late", "last")] == [("a",), ("b",), ("c",), ("d",)]
    assert at_depth(trunk, "all") == trunk
    assert at_depth(("a",), "late") == ("a",)
    with pytest.raises(UserError, match="'last'"):
        at_depth(trunk, "lst")


def test_activations_that_are_not_finite_are_a_users_error() -> None:
    subject = wrap(cnn(channels=1, size=16, classes=3, width=4), "image-classifier")
    pixels = torch.rand(4, 1, 16, 16, generator=rng())
    pixels[2] = float("nan")
    with pytest.raises(UserError, match=r"NaN or infinite activations at .* on 1 of 4 inputs"):
        finite_activations(subject, Images(pixels), subject.trunk)
