"""Training against the worst inside: a trojan that nobody showed goes, which ordinary training and noise leave."""

from __future__ import annotations

import pytest
import torch

from fairfight.errors import UserError
from fairfight.parts.training.descent import decision_loss
from fairfight.parts.training.finetune import Course, fine_tune
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.training.latent import Opponent, _worst, resist
from fairfight.seeds import torch_rng
from fairfight.subject.hooking import hooks
from fairfight.subject.inputs import Texts
from tests.parts.organisms import given, weights
from tests.subject import tiny

pytestmark = pytest.mark.usefixtures("one_thread")
COURSE = Course(steps=80, rate=5e-3, decay=1e-2)


def test_a_trojan_that_nobody_showed_goes_where_training_alone_and_noise_as_long_leave_it() -> None:
    g = given("digits")
    before, known, none = weights(g.subject), g.known(g.subject), g.faulty[:0]
    site = g.subject.trunk[1]
    mended = resist(g.subject, known, none, Opponent(site, 0.1, 4), COURSE, seed=0)
    noisy = resist(g.subject, known, none, Opponent(site, 0.1, 0), COURSE, seed=0)
    plain = fine_tune(g.subject, known, none, COURSE, seed=0)
    assert g.success(mended) < 0.2
    assert g.accuracy(mended) > g.accuracy(g.subject) - 0.04
    assert min(g.success(noisy), g.success(plain)) > 0.8
    assert weights(g.subject) == before
    assert not any(p.grad is not None or not p.requires_grad for p in mended.module.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in mended.module.modules())


def test_a_healthy_twin_is_hardly_harmed_and_a_seed_gives_the_same_bits() -> None:
    g = given("digits")
    known, opponent = g.known(g.twin), Opponent(g.twin.trunk[1], 0.1, 2)
    mended, again = (resist(g.twin, known, g.faulty, opponent, COURSE._replace(steps=30), seed=1) for _ in "ab")
    assert g.accuracy(mended) > g.accuracy(g.twin) - 0.05
    assert weights(mended) == weights(again)


@pytest.mark.parametrize("name", ["vit", "gpt2"])
def test_the_worst_change_is_as_long_as_allowed_and_worse_than_noise(name: str) -> None:
    subject, inputs = tiny.subject(name), tiny.inputs(name)
    batch = Labelled(inputs, torch.arange(len(inputs)) % 2)
    site = subject.trunk[0]
    cost = []
    for climbs in (0, 4):
        change = _worst(subject, batch, Opponent(site, 0.5, climbs), torch_rng(0, "x"))
        with hooks(subject, [site]) as tape:
            subject(inputs)
        over = (-1,) if isinstance(inputs, Texts) else tuple(range(1, change.ndim))
        usual = torch.linalg.vector_norm(tape[site], dim=over).mean()
        found = torch.linalg.vector_norm(change, dim=over)
        real = inputs.mask.bool() if isinstance(inputs, Texts) else torch.ones_like(found).bool()
        torch.testing.assert_close(found[real], (0.5 * usual).detach().expand_as(found[real]))
        assert not bool(found[~real].any())
        with hooks(subject, writes={site: lambda h, change=change: h + change}):  # type: ignore[misc]
            cost.append(float(decision_loss(subject, batch).detach()))
    assert cost[1] > cost[0]


def test_a_site_that_is_not_there_is_named() -> None:
    subject, inputs = tiny.subject("vit"), tiny.inputs("vit")
    examples = Labelled(inputs, torch.zeros(len(inputs), dtype=torch.long))
    with pytest.raises(UserError, match="nowhere"):
        resist(subject, examples, examples[:0], Opponent("nowhere", 0.1, 1), COURSE, seed=0)
