from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from fairfight.parts.densities.wording import fit_pairs, mean_loss, token_losses, wording
from fairfight.parts.outliers.images import corrupt_images
from fairfight.parts.outliers.texts import corrupt_texts, padded, without_each_word, words
from fairfight.parts.probes.logistic import fit_logistic
from fairfight.parts.probes.perceptron import fit_perceptron
from fairfight.subject import Images, Texts, wrap
from fairfight.worlds.architectures import tiny
from fairfight.worlds.tokenizer import tokenizer

SPECIAL = torch.tensor([0, 1])


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def texts() -> Texts:
    """Rows of words framed by 1, with the last place for the answer."""
    ids = torch.randint(5, 50, (60, 9), generator=rng())
    ids[:, 0] = 1
    mask = (torch.arange(9) < torch.randint(4, 10, (60, 1), generator=rng(1))).long()
    return Texts(ids * mask, mask)


def test_every_picture_is_changed_and_stays_a_picture() -> None:
    images = Images(torch.rand(200, 3, 16, 16, generator=rng()))
    out = corrupt_images(images, rng(1)).pixels
    assert out.shape == images.pixels.shape
    assert float(out.min()) >= 0
    assert float(out.max()) <= 1
    changed = (out != images.pixels).flatten(1).float().mean(dim=1)
    assert (changed > 0).float().mean() > 0.95
    assert 0.1 < (changed < 0.3).float().mean() < 0.5, "patches change a part only"
    assert torch.equal(out, corrupt_images(images, rng(1)).pixels)


def test_words_leave_out_special_tokens_padding_and_the_place_of_the_answer(texts: Texts) -> None:
    there = words(texts, SPECIAL)
    assert not there[:, 0].any()
    assert (there.sum(dim=1) == texts.mask.sum(dim=1) - 2).all()


def test_corrupted_texts_differ_keep_their_frame_and_put_in_nothing_special(texts: Texts) -> None:
    out = corrupt_texts(texts, SPECIAL, 60, rng(2))
    lengths = out.mask.sum(dim=1)
    assert (out.ids[:, 0] == 1).all()
    assert (lengths >= texts.mask.sum(dim=1)).all()
    assert (lengths > texts.mask.sum(dim=1)).any()
    assert not torch.isin(out.ids[words(out, SPECIAL)], SPECIAL).any()
    assert int(out.ids.max()) >= 50, "some words come from the whole vocabulary"
    ends = [
        (int(a.ids[i, n - 1]), int(b.ids[i, m - 1]))
        for a, b in [(texts, out)]
        for i, (n, m) in enumerate(zip(texts.mask.sum(1), lengths, strict=True))
    ]
    assert all(a == b for a, b in ends)
    assert torch.equal(out.ids, corrupt_texts(texts, SPECIAL, 60, rng(2)).ids)


def test_each_word_is_left_out_once() -> None:
    text = Texts(
        torch.tensor([[1, 7, 8, 9, 3, 0], [1, 7, 3, 0, 0, 0]]), torch.tensor([[1] * 5 + [0], [1] * 3 + [0] * 3])
    )
    shorter, origin = without_each_word(text, SPECIAL, 10)
    assert origin.tolist() == [0, 0, 0], "a text of one word stays"
    assert shorter.ids.tolist() == [[1, 8, 9, 3], [1, 7, 9, 3], [1, 7, 8, 3]]
    assert len(without_each_word(text, SPECIAL, 2)[0]) == 2


def test_padding_cuts_to_what_the_model_was_given() -> None:
    like = Texts(torch.tensor([[1, 2, 3]]), torch.ones(1, 3, dtype=torch.long))
    assert padded([[1, 5, 6, 7, 3], [1, 3]], like=like).ids.tolist() == [[1, 5, 3], [1, 3, 0]]


def test_token_losses_are_the_language_models_own(texts: Texts) -> None:
    subject = wrap(tiny("gpt2", 0), "causal-lm", tokenizer=tokenizer("prompt"))
    with torch.no_grad():
        logits = subject.module(texts.ids, attention_mask=texts.mask).logits[:, :-1].log_softmax(dim=2)
    direct = -logits.gather(2, texts.ids[:, 1:, None])[:, :, 0] * texts.mask[:, 1:]
    torch.testing.assert_close(token_losses(subject, texts, 7), direct, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(wording(subject, texts)(texts), direct, rtol=1e-4, atol=1e-4)


def test_pairs_expect_what_they_met_and_their_chances_add_up() -> None:
    ids = torch.tensor([[1, 5, 6, 7], [1, 5, 6, 8], [1, 6, 5, 7]])
    pairs = fit_pairs(Texts(ids, torch.ones_like(ids)))
    asked = torch.tensor([[5, 6], [5, 7], [5, 8], [5, 40]])
    usual, met, unmet, unknown = pairs.losses(Texts(asked, torch.ones_like(asked)))[:, 0].tolist()
    assert usual < met < unmet < unknown
    every = torch.tensor([[5, t] for t in (1, 5, 6, 7, 8)])
    assert float((-pairs.losses(Texts(every, torch.ones_like(every)))).exp().sum()) <= 1.0
    mask = torch.tensor([[1, 1], [1, 0]])
    losses = pairs.losses(Texts(asked[:2], mask))
    assert mean_loss(losses, Texts(asked[:2], mask)).tolist() == [usual, 0.0]


def test_the_linear_probe_agrees_with_scikit_learn() -> None:
    x = torch.randn(200, 6, generator=rng())
    y = (x[:, 0] + 0.5 * torch.randn(200, generator=rng(1))) > 0.4
    probe = fit_logistic(x, y, penalty=2.0)
    units = ((x.double() - probe.centre) / probe.scale).numpy()
    theirs = LogisticRegression(C=0.5, class_weight="balanced", tol=1e-8).fit(units, y.numpy())
    np.testing.assert_allclose(probe.weight, theirs.coef_[0], atol=2e-3)
    np.testing.assert_allclose(probe(x), theirs.decision_function(units), atol=1e-2)


@pytest.mark.parametrize("n", [1, 30])
def test_probes_cope_with_few_rows_and_dead_columns(n: int) -> None:
    x = torch.cat([torch.randn(n, 40, generator=rng()), torch.randn(2 * n, 40, generator=rng(1)) + 1])
    x[:, 3] = 7.0
    positive = torch.arange(3 * n) >= n
    for probe in (fit_logistic(x, positive), fit_perceptron(x, positive, width=8, steps=30, rng=rng())):
        found = probe(x + 1e-3)
        assert torch.isfinite(found).all()
        assert found[positive].mean() > found[~positive].mean()


def test_the_perceptron_learns_what_no_line_can() -> None:
    x = torch.randn(400, 2, generator=rng())
    y = (x[:, 0] > 0) != (x[:, 1] > 0)
    probe = fit_perceptron(x, y, width=32, steps=300, rng=rng(), rate=0.02)
    line = fit_logistic(x, y)
    fresh = torch.randn(400, 2, generator=rng(5))
    truth = (fresh[:, 0] > 0) != (fresh[:, 1] > 0)
    assert ((probe(fresh) > 0) == truth).float().mean() > 0.9
    assert ((line(fresh) > 0) == truth).float().mean() < 0.7
