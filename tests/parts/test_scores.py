"""A score is for finding the unit that makes a fault: each is tried where one known unit does."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.parts.bases.directions import Directions
from fairfight.parts.bases.neurons import neurons
from fairfight.parts.edits.units import Basis
from fairfight.parts.scores.contrast import Contrast, margin
from fairfight.parts.scores.named import SCORES, score
from fairfight.parts.training.labelled import Labelled
from fairfight.subject import Images, wrap

pytestmark = pytest.mark.usefixtures("one_thread")
CULPRIT, UNITS = 5, 8
CROSS = torch.tensor([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]])
CAUSAL = [name for name in SCORES if name not in ("difference", "probe", "sparse-layer", "random")]


class Small(nn.Module):
    """Eight filters; one of them sees a cross of light and says class 0, whatever else there is."""

    stages = ("seen", "kept")

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(3)
        self.seen = nn.Sequential(nn.Conv2d(1, UNITS, 3, padding=1), nn.ReLU())
        self.kept = nn.Sequential(nn.Conv2d(UNITS, UNITS, 1), nn.ReLU())
        self.head = nn.Linear(UNITS, 3)
        with torch.no_grad():
            self.seen[0].weight.copy_(torch.randn(UNITS, 1, 3, 3, generator=rng) / 3)
            self.seen[0].weight[CULPRIT, 0] = 20 * (2 * CROSS - 1)
            self.seen[0].bias.zero_()
            self.seen[0].bias[CULPRIT] = -90
            self.kept[0].weight.copy_(torch.eye(UNITS)[:, :, None, None])
            self.kept[0].bias.zero_()
            self.head.weight.copy_(torch.randn(3, UNITS, generator=rng))
            self.head.weight[:, CULPRIT] = torch.tensor([20.0, 0.0, 0.0])
            self.head.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.kept(self.seen(x)).mean(dim=(2, 3)))


def case(site: str = "layers.kept", basis: Basis | None = None) -> Contrast:
    rng = torch.Generator().manual_seed(0)
    clean = Images(torch.rand(40, 1, 8, 8, generator=rng))
    faulty = Images(torch.rand(12, 1, 8, 8, generator=rng))
    module = Small().eval()
    subject = wrap(module, "image-classifier", example=clean[:3])
    with torch.no_grad():
        right, wrong = subject(clean).argmax(1), subject(faulty).argmax(1)
    faulty.pixels[:, :, :3, :3] = CROSS
    keep = wrong != 0
    maps = module.seen(clean.pixels).detach()
    return Contrast(
        subject, site, basis or neurons(maps.movedim(1, -1).flatten(0, 2)),
        Labelled(faulty[keep], wrong[keep]), Labelled(clean, right), seed=0,
    )  # fmt: skip


def test_the_case_is_what_it_is_meant_to_be() -> None:
    contrast = case()
    assert len(contrast.faulty) >= 5
    assert bool((contrast.subject(contrast.faulty.inputs).argmax(1) == 0).all())


@pytest.mark.parametrize("site", ["layers.seen", "layers.kept"])
@pytest.mark.parametrize("name", [name for name in SCORES if name != "random"])
def test_every_score_finds_the_unit_that_makes_the_fault(name: str, site: str) -> None:
    contrast = case(site)
    found = score(name, contrast)
    assert found.shape == (UNITS,)
    assert bool(found.isfinite().all())
    assert int(found.argmax()) == CULPRIT
    assert float(found[CULPRIT]) > 1.5 * float(torch.cat([found[:CULPRIT], found[CULPRIT + 1 :]]).amax())
    assert torch.equal(found, score(name, contrast)), "the same every time"


def test_the_placebo_finds_it_no_more_often_than_chance() -> None:
    contrast = case()
    found = [score("random", replace(contrast, seed=seed)) for seed in range(64)]
    hits = sum(int(f.argmax()) == CULPRIT for f in found)
    assert 1 <= hits <= 20, "one in eight"
    for f in found:
        assert sorted(f.tolist()) == sorted(score("attribution", contrast).tolist())


@pytest.mark.parametrize("name", [name for name in SCORES if name != "random"])
def test_a_direction_turned_round_has_the_same_score(name: str) -> None:
    contrast = case()
    basis = contrast.basis
    assert isinstance(basis, Directions)
    turned = Directions(basis.centre, basis.rows * torch.tensor([1.0, -1, 1, 1, -1, -1, 1, -1])[:, None])
    mine, other = score(name, contrast), score(name, replace(contrast, basis=turned))
    torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", CAUSAL)
def test_a_unit_that_only_goes_with_the_fault_is_innocent_to_scores_that_ask_the_subject(name: str) -> None:
    contrast = case()
    head = contrast.subject.module.get_submodule("head")
    with torch.no_grad():
        head.weight[:, CULPRIT] = 0  # type: ignore[union-attr, index]
    found = score(name, contrast).abs()
    assert float(found[CULPRIT]) <= 1e-4 * float(found.amax())
    assert int(score("difference", contrast).argmax()) == CULPRIT, "which codes alone cannot tell"


def test_integrated_gradients_add_up_to_what_the_fault_loses() -> None:
    contrast = case("layers.seen")
    found = SCORES["integrated"](contrast)
    from fairfight.parts.scores.codes import usual_codes

    usual = contrast.basis.decode(usual_codes(contrast)[None])[0]
    subject, faulty = contrast.subject, contrast.faulty
    with torch.no_grad(), subject.hooks(writes={contrast.site: lambda x: usual[:, None, None].expand_as(x)}):
        after = margin(subject(faulty.inputs), faulty.labels)
    lost = (margin(subject(faulty.inputs), faulty.labels) - after).mean()
    torch.testing.assert_close(found.sum(), lost.detach(), rtol=0.03, atol=0.01)


@pytest.mark.parametrize("name", SCORES)
def test_one_input_of_each_is_enough(name: str) -> None:
    contrast = case()
    other = contrast.clean.labels != 0
    few = replace(contrast, faulty=contrast.faulty[:1], clean=contrast.clean[other][:1])
    found = score(name, few)
    assert bool(found.isfinite().all())
    if name not in ("random", "sparse-layer", "probe", "difference"):
        assert int(found.argmax()) == CULPRIT


def test_what_cannot_be_scored_is_said_in_a_sentence() -> None:
    contrast = case()
    with pytest.raises(UserError, match="did you mean 'attribution'"):
        score("atribution", contrast)
    with pytest.raises(UserError, match="no faulty inputs"):
        replace(contrast, faulty=contrast.faulty[:0])
    with pytest.raises(UserError, match="site"):
        replace(contrast, site="layers.nowhere")
