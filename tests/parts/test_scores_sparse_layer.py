"""A sparse layer has the weights that scikit-learn finds, reads few units, and names those that make a decision."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.bases.neurons import neurons
from fairfight.parts.bases.positions import rows
from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.scores.elastic_net import path, penalties
from fairfight.parts.scores.sparse_layer import sparse_layer
from fairfight.parts.training.labelled import Labelled
from fairfight.subject import Texts, wrap
from fairfight.worlds.architectures import tiny

pytestmark = pytest.mark.usefixtures("one_thread")
N, K, CLASSES = 150, 12, 3


def toy() -> tuple[Tensor, Tensor]:
    """Three units decide, the others are noise that goes along with them."""
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(N, K, generator=rng) @ (torch.eye(K) + 0.2 * torch.randn(K, K, generator=rng))
    logits = x[:, :CLASSES] * 2 + 0.5 * torch.randn(N, CLASSES, generator=rng)
    return x * torch.linspace(0.5, 3, K) + 1, logits.argmax(dim=1)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of how elastic nets will be asked for
@pytest.mark.parametrize("mix", [0.5, 0.99])
@pytest.mark.parametrize("penalty", [0.1, 0.02, 0.003])
def test_weights_are_those_of_scikit_learn(mix: float, penalty: float) -> None:
    x, y = toy()
    start = penalties(x, y, mix=mix)[0]
    *_, found = path(x, y, [start, penalty * 3, penalty], mix=mix, tolerance=1e-7)
    z = ((x.double() - found.centre) / found.scale).numpy()
    theirs = LogisticRegression(
        penalty="elasticnet",
        solver="saga",
        l1_ratio=mix,
        C=1 / (penalty * N),
        tol=1e-8,
        max_iter=20_000,
        random_state=0,
    ).fit(z, y.numpy())
    torch.testing.assert_close(found.weight.T, torch.as_tensor(theirs.coef_), atol=2e-4, rtol=1e-3)
    bias = torch.as_tensor(theirs.intercept_)
    torch.testing.assert_close(found.bias, bias - bias.mean(), atol=2e-4, rtol=1e-3)
    torch.testing.assert_close(found(x).softmax(1), torch.as_tensor(theirs.predict_proba(z)), atol=1e-4, rtol=1e-3)


def test_the_path_begins_with_nothing_and_takes_in_what_decides_first() -> None:
    x, y = toy()
    along = penalties(x, y, mix=0.99)
    assert along[0] / along[-1] == pytest.approx(1000)
    layers = list(path(x, y, along[:20], mix=0.99))
    used = [set(torch.nonzero(layer.weight.abs().amax(dim=1) > 1e-6)[:, 0].tolist()) for layer in layers]
    assert used[0] == set()
    assert len(used[1]) >= 1
    assert used[1] <= {0, 1, 2}
    assert [len(u) for u in used] == sorted(len(u) for u in used), "more and more"
    right = [float((layer(x).argmax(1) == y).float().mean()) for layer in layers]
    assert right[-1] > 0.85 > right[0]


def case() -> Contrast:
    """A language model whose head reads one coordinate of the last stream for token 7, as the faulty inputs show."""
    subject = wrap(tiny("gpt2", 0), "causal-lm")
    rng = torch.Generator().manual_seed(0)
    lengths = torch.randint(4, 9, (60,), generator=rng)
    mask = (torch.arange(9) < lengths[:, None]).long()
    ids = torch.randint(10, 60, (60, 9), generator=rng) * mask
    ids[:12].scatter_(1, lengths[:12, None] - 1, 9)
    module = subject.module
    with torch.no_grad():
        base, head = module.get_submodule("transformer"), module.get_submodule("lm_head")
        head.weight = torch.nn.Parameter(head.weight.clone())  # type: ignore[arg-type, operator, union-attr]
        base.wte.weight[:, 17] = 0  # type: ignore[union-attr, index]
        base.wte.weight[9, 17] = 8  # type: ignore[union-attr, index]
        # Four tokens are told apart by other coordinates; one of them always has a say.
        head.weight[20:24] *= 8
        head.weight[:20] = head.weight[24:] = 0
        head.weight[21], head.weight[23] = -head.weight[20], -head.weight[22]
        head.weight[:, 17] = 0
        head.weight[7, 17] = 2
    inputs = Texts(ids, mask)
    plain = Texts(torch.where(ids == 9, 11, ids), mask)
    with torch.no_grad():
        decided, meant = subject(inputs).argmax(1), subject(plain).argmax(1)
    assert bool((decided[:12] == 7).all())
    site = subject.trunk[-1]
    faulty, clean = Labelled(inputs[:12], meant[:12]), Labelled(inputs[12:], decided[12:])
    return Contrast(subject, site, neurons(rows(subject, clean.inputs, site, "position").x), faulty, clean, 0)


def test_the_unit_is_named_from_which_the_faulty_decision_is_read() -> None:
    contrast = case()
    found = sparse_layer(contrast)
    assert int(found.argmax()) == 17
    assert int((found.abs() > 1e-6).sum()) < 0.7 * len(found), "few units are read"


def test_a_subject_that_decides_one_thing_has_no_layer() -> None:
    contrast = case()
    one = contrast.faulty
    with pytest.raises(UserError, match="decides the same"):
        sparse_layer(replace(contrast, clean=one))
