"""Scores in a language model: at every kind of site, in several bases, and of a fault that was trained in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from fairfight.parts.bases.neurons import neurons
from fairfight.parts.bases.pca import pca
from fairfight.parts.bases.positions import rows
from fairfight.parts.bases.sparse import train
from fairfight.parts.edits.units import Basis
from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.scores.named import SCORES, score
from tests.parts.test_scores_sparse_layer import case

pytestmark = pytest.mark.usefixtures("one_thread")
UNIT = 17
INFORMED = [name for name in SCORES if name != "random"]


def at(contrast: Contrast, site: str, make: Callable[[Tensor], Basis] = neurons) -> Contrast:
    return replace(contrast, site=site, basis=make(rows(contrast.subject, contrast.clean.inputs, site, "position").x))


@pytest.mark.parametrize("site", ["embed", "blocks.0.resid_pre", "blocks.0.resid_post"])
@pytest.mark.parametrize("name", [name for name in INFORMED if name != "sparse-layer"])
def test_the_coordinate_that_carries_the_fault_is_found_all_the_way(name: str, site: str) -> None:
    assert int(score(name, at(case(), site)).argmax()) == UNIT


@pytest.mark.parametrize("name", SCORES)
def test_every_score_is_had_at_every_site_and_leaves_the_subject_as_it_was(name: str) -> None:
    contrast = case()
    before = contrast.subject(contrast.clean.inputs)
    weights = {key: value.clone() for key, value in contrast.subject.module.state_dict().items()}
    for site in ("embed", "blocks.1.resid_pre", "blocks.1.heads", "blocks.0.attn_out", "blocks.1.mlp_out", "final"):
        found = score(name, at(contrast, site, lambda x: pca(x, k=8)))
        assert found.shape == (8,)
        assert bool(found.isfinite().all())
        assert float(found.abs().max()) > 0
    assert torch.equal(before, contrast.subject(contrast.clean.inputs))
    after = contrast.subject.module.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in weights.items())
    assert all(p.grad is None for p in contrast.subject.module.parameters())


@pytest.mark.parametrize("name", ["attribution", "integrated", "patching", "shapley", "difference", "probe"])
def test_the_latent_that_stands_for_the_coordinate_is_found_in_a_dictionary(name: str) -> None:
    contrast = case()

    def dictionary(x: Tensor) -> Basis:
        faulty = rows(contrast.subject, contrast.faulty.inputs, contrast.site, "position").x
        return train(torch.cat([x, faulty]), width=64, k=4, steps=300, seed=0)

    given = at(contrast, contrast.site, dictionary)
    found = score(name, given)
    single = torch.eye(64)
    written = given.basis.decode(single) - given.basis.decode(torch.zeros(1, 64))
    best = int(found.argmax())
    assert float(written[best, UNIT].abs()) > 0.8, "a unit row that points along the coordinate"
