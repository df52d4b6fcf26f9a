from __future__ import annotations

import pytest
import torch

from fairfight.errors import UserError
from fairfight.parts.lenses.trajectory import leading_classes, trajectory
from fairfight.parts.lenses.tuned import fit_lens
from fairfight.parts.scores.attribution import attribution
from fairfight.subject import Images, Subject, Texts, cnn, harvest, wrap
from fairfight.worlds.architectures import tiny


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def vision() -> Subject:
    return wrap(cnn(channels=1, size=16, classes=5, width=4), "image-classifier")


@pytest.fixture(scope="module")
def language() -> Subject:
    return wrap(tiny("gpt2", 0), "causal-lm")


@pytest.fixture
def images() -> Images:
    return Images(torch.rand(7, 1, 16, 16, generator=rng()))


def test_attribution_of_the_last_layer_is_exact(vision: Subject, images: Images) -> None:
    """The head is linear in the last stage, so a first-order effect from zero is the logit without its bias."""
    site = vision.trunk[-1]
    found = attribution(vision, images, [site])[site]
    logits = vision(images)
    bias = vision.module.head.bias[logits.argmax(1)]
    torch.testing.assert_close(found.sum(1), (logits.amax(1) - bias).detach(), rtol=1e-4, atol=1e-5)


def test_attribution_from_a_baseline_counts_the_move_only(vision: Subject, images: Images) -> None:
    site = vision.trunk[-1]
    zero = attribution(vision, images, [site])[site]
    unit = attribution(vision, images, [site], baseline={site: torch.ones(zero.shape[1])})[site]
    gradient = vision.module.head.weight[vision(images).argmax(1)].detach()
    torch.testing.assert_close(zero - unit, gradient, rtol=1e-4, atol=1e-5)


def test_attribution_is_the_same_in_any_batch_and_leaves_no_trace(vision: Subject, images: Images) -> None:
    for p in vision.module.parameters():
        p.requires_grad_(False)
    with torch.no_grad():
        whole = attribution(vision, images, vision.trunk)
        parts = attribution(vision, images, vision.trunk, batch_size=3)
    for site in vision.trunk:
        torch.testing.assert_close(whole[site], parts[site], rtol=1e-4, atol=1e-6)
        assert not whole[site].requires_grad
    assert all(p.grad is None and not p.requires_grad for p in vision.module.parameters())
    for p in vision.module.parameters():
        p.requires_grad_(True)


def test_attribution_in_texts_does_not_count_padding(language: Subject) -> None:
    ids = torch.randint(5, 50, (4, 9), generator=rng())
    mask = (torch.arange(9) < torch.tensor([9, 4, 6, 2])[:, None]).long()
    padded = attribution(language, Texts(ids, mask), language.trunk)
    for i, n in enumerate((9, 4, 6, 2)):
        alone = attribution(language, Texts(ids[i : i + 1, :n], mask[i : i + 1, :n]), language.trunk)
        for site in language.trunk:
            torch.testing.assert_close(padded[site][i : i + 1], alone[site], rtol=1e-3, atol=1e-4)


def test_attribution_needs_inputs(vision: Subject, images: Images) -> None:
    with pytest.raises(UserError, match="at least one"):
        attribution(vision, images[:0], vision.trunk)


def test_a_lens_on_the_last_layer_gives_the_subjects_answers(vision: Subject) -> None:
    inputs = Images(torch.rand(200, 1, 16, 16, generator=rng()))
    acts = harvest(vision, inputs, vision.trunk)
    assert acts.logits is not None
    centred = acts.logits - acts.logits.mean(dim=1, keepdim=True)
    last, first = (fit_lens(acts[s], acts.logits, ridge=1e-6)(acts[s]) for s in (vision.trunk[-1], vision.trunk[0]))
    assert (last - centred).square().mean() < 1e-4 * centred.var()
    assert (last - centred).square().mean() < (first - centred).square().mean()


def test_a_lens_can_be_fitted_to_a_single_input_and_to_constant_activations() -> None:
    for x in (torch.ones(1, 3), torch.ones(5, 3)):
        lens = fit_lens(x, torch.randn(len(x), 4, generator=rng()))
        assert torch.isfinite(lens(x + 1)).all()


def test_the_logit_lens_ends_at_the_subjects_answer(language: Subject) -> None:
    ids = torch.randint(5, 50, (4, 9), generator=rng())
    acts = harvest(language, Texts(ids, torch.ones_like(ids)), language.trunk)
    assert acts.logits is not None
    with torch.no_grad():
        torch.testing.assert_close(language.readout(acts[language.trunk[-1]]), acts.logits, rtol=1e-4, atol=1e-4)


def test_a_trajectory_holds_every_layer_and_ignores_what_softmax_ignores() -> None:
    layers = [torch.randn(6, 3, generator=rng(i)) for i in range(2)]
    final = torch.randn(6, 3, generator=rng(9))
    path = trajectory(layers, final)
    assert path.shape == (6, 9)
    torch.testing.assert_close(path, trajectory([x + 7 for x in layers], final - 2))
    assert path[:, 6:].argmax(1).equal(final.argmax(1))


def test_leading_classes_are_the_first_answers() -> None:
    logits = torch.tensor([[0.0, 5, 1, 2], [9, 0, 8, 1]])
    assert leading_classes(logits, first=1).tolist() == [0, 1]
    assert leading_classes(logits).tolist() == [0, 1, 2, 3]
    assert leading_classes(logits[:1], first=9).tolist() == [0, 1, 2, 3]
