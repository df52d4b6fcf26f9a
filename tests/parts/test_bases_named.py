"""Independent components, k-means, non-negative factors, bases by name, rows of activations, novelty of codes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.parts.bases.ica import ica
from fairfight.parts.bases.kmeans import kmeans
from fairfight.parts.bases.named import NAMES, encoder
from fairfight.parts.bases.nmf import nmf
from fairfight.parts.bases.novelty import MEASURES, novelty
from fairfight.parts.bases.pca import pca
from fairfight.parts.bases.positions import Rows, from_rows, rows, to_rows
from fairfight.subject import harvest
from tests.tasks import tiny


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sources(n: int = 3000) -> torch.Tensor:
    """A saw-tooth, a square wave, Laplacian and uniform noise, of unit variance."""
    t = torch.arange(n) / 37.0
    laplace = torch.rand(n, generator=rng(1)).sub(0.5)
    laplace = laplace.sign() * (1 - 2 * laplace.abs()).clamp_min(1e-6).log()
    flat = torch.rand(n, generator=rng(2))
    made = torch.stack([t % 1, (t * 1.7).sin().sign(), laplace, flat], dim=1)
    return (made - made.mean(0)) / made.std(0)


def matched(found: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Each true column's largest correlation with a found one."""
    both = np.corrcoef(found.numpy().T, true.numpy().T)
    k = found.shape[1]
    return torch.from_numpy(np.abs(both[:k, k:]).max(axis=0))


def test_ica_unmixes_independent_sources_and_pca_does_not() -> None:
    true = sources()
    x = true @ torch.randn(4, 9, generator=rng(3)) + 5
    found = ica(x, k=4, rng=rng())
    assert matched(found.encode(x), true).min() > 0.97
    assert matched(pca(x, k=4).encode(x), true).min() < 0.9
    torch.testing.assert_close(found.decode(found.encode(x)), x, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(found.encode(x).std(0), torch.ones(4), rtol=1e-2, atol=1e-2)
    assert found.residual(x).max() < 1e-2
    assert torch.equal(ica(x, k=4, rng=rng()).reader, found.reader)


@pytest.mark.parametrize("batch", [None, 64])
def test_kmeans_finds_planted_clusters(batch: int | None) -> None:
    centres = torch.randn(6, 10, generator=rng(1)) * 5
    own = torch.randint(6, (900,), generator=rng(2))
    x = centres[own] + 0.3 * torch.randn(900, 10, generator=rng(3))
    found = kmeans(x, k=6, rng=rng(4), batch=batch)
    assert torch.cdist(centres, found.rows).amin(dim=1).max() < 0.4
    names = found.nearest(x)
    assert all(len(set(names[own == c].tolist())) == 1 for c in range(6))
    assert found.encode(x).sum(1).tolist() == [1] * 900
    torch.testing.assert_close(found.residual(x), (x - found.decode(found.encode(x))).norm(dim=1), rtol=1e-3, atol=1e-3)
    assert found.residual(x + 20).min() > found.residual(x).max()
    assert torch.equal(kmeans(x, k=6, rng=rng(4), batch=batch).rows, found.rows)


def test_kmeans_of_fewer_points_than_centres_has_a_centre_a_point() -> None:
    assert len(kmeans(torch.tensor([[1.0], [1.0], [2.0]]), k=9, rng=rng()).rows) == 2
    with pytest.raises(UserError, match="at least one centre"):
        kmeans(torch.ones(3, 1), k=0, rng=rng())


def test_nmf_finds_planted_parts() -> None:
    parts = torch.zeros(4, 12)
    for i in range(4):
        parts[i, 3 * i : 3 * i + 3] = torch.rand(3, generator=rng(i)) + 0.2
    parts = torch.nn.functional.normalize(parts, dim=1)
    amounts = torch.rand(400, 4, generator=rng(9)) * (torch.rand(400, 4, generator=rng(8)) < 0.6)
    x = amounts @ parts
    found = nmf(x, k=4, rng=rng())
    assert (parts @ found.rows.T).amax(dim=1).min() > 0.99
    assert found.rows.min() >= 0
    assert found.encode(x).min() >= 0
    assert found.residual(x).mean() < 0.05 * x.norm(dim=1).mean()
    assert found.residual(-x).mean() > 0.9 * x.norm(dim=1).mean()
    with pytest.raises(UserError, match="never negative"):
        nmf(x - 0.1, k=4, rng=rng())


@pytest.mark.parametrize("name", NAMES)
def test_every_basis_has_codes_that_repeat(name: str) -> None:
    x = torch.rand(60, 8, generator=rng())
    a, b = (encoder(name, x, k=5, seed=1, steps=5)(x) for _ in range(2))
    assert a.shape == (60, 5)
    assert torch.equal(a, b)
    assert a.std() > 0


def test_an_unknown_basis_or_measure_is_named() -> None:
    with pytest.raises(UserError, match=r"Unknown basis 'pac'.*pca"):
        encoder("pac", torch.ones(3, 2), k=1, seed=0)
    with pytest.raises(UserError, match="Unknown measure of novelty"):
        novelty(torch.ones(3, 2), "l3")


def test_rows_of_maps_go_back_where_they_came_from() -> None:
    side = tiny.organism()[0]
    site = side.subject.trunk[-1]
    whole = harvest(side.subject, side.clean[:5], [site], pool=None, head=False)[site]
    assert whole.ndim == 4
    flat = to_rows(side.subject, site, whole)
    assert torch.equal(flat[1], whole[0, :, 0, 1])
    assert torch.equal(from_rows(side.subject, site, flat, whole), whole)
    places = rows(side.subject, side.clean[:5], site, "position")
    assert torch.equal(places.x, flat)
    pooled = rows(side.subject, side.clean[:5], site, "input")
    torch.testing.assert_close(
        torch.stack([places.join(places.x[:, i], "mean") for i in range(flat.shape[1])], dim=1), pooled.x
    )


def test_scores_of_rows_are_joined_by_their_owner() -> None:
    held = Rows(torch.zeros(5, 1), torch.tensor([0, 0, 0, 1, 1]), 2)
    scores = torch.tensor([1.0, 5, 3, -2, -4])
    assert held.join(scores, "max").tolist() == [5, -2]
    assert held.join(scores, "mean").tolist() == [3, -3]


def test_padding_gives_no_rows() -> None:
    from fairfight.parts.bases.positions import real
    from fairfight.subject import Texts

    texts = Texts(torch.ones(2, 3, dtype=torch.long), torch.tensor([[1, 1, 1], [1, 0, 0]]))
    keep = real(texts, torch.zeros(2, 3, 4))
    assert keep is not None
    assert keep.tolist() == [True, True, True, True, False, False]


@pytest.mark.parametrize("measure", MEASURES)
def test_a_code_with_a_latent_that_never_fires_is_novel(measure: str) -> None:
    codes = (torch.rand(500, 6, generator=rng()) < torch.tensor([0.9, 0.5, 0.5, 0.2, 0.0, 0.0])).float()
    learned = novelty(codes, measure)
    odd = codes.clone()
    odd[:, 4] = 1
    assert (learned.score(odd) > learned.score(codes)).all()


def test_rarity_weighs_and_counting_does_not() -> None:
    codes = (torch.rand(500, 3, generator=rng()) < torch.tensor([0.9, 0.5, 0.02])).float()
    usual, rare = torch.tensor([[1.0, 0, 0]]), torch.tensor([[0.0, 0, 1]])
    for measure in MEASURES:
        learned = novelty(codes, measure)
        assert (learned.score(rare) > learned.score(usual)).item() == (measure in ("rare", "bernoulli"))
    # Under independence the surprise is a negative logarithm of a probability: those of all patterns add up to one.
    patterns = torch.cartesian_prod(*[torch.tensor([0.0, 1])] * 3)
    assert float((-novelty(codes, "bernoulli").score(patterns)).exp().sum()) == pytest.approx(1)
