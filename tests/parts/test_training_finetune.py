"""Fine-tuning on right labels takes a fault out of a small organism and harms nobody; unlearning does so likewise."""

from __future__ import annotations

import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.training import decide
from fairfight.parts.training.batches import as_decided, even_rows, mixed, only, statistics
from fairfight.parts.training.finetune import Course, fine_tune, last_layer
from fairfight.parts.training.unlearning import Retaining, ascent, npo, simnpo, unlearn
from tests.parts.organisms import given, weights

COURSE = Course(steps=60, rate=2e-3, decay=1e-2)
each = pytest.mark.parametrize(
    "where", ["digits", *(pytest.param(w, marks=pytest.mark.slow) for w in ("sentences", "reviews"))]
)


@each
def test_right_labels_on_a_few_faulty_examples_remove_a_trojan(where: str) -> None:
    g = given(where)
    before = weights(g.subject)
    assert g.success(g.subject) > 0.9
    mended = fine_tune(g.subject, g.known(g.subject), g.faulty, COURSE, seed=0)
    assert g.success(mended) < 0.2
    assert g.accuracy(mended) > g.accuracy(g.subject) - 0.03
    assert weights(g.subject) == before
    assert not any(m.training for m in mended.module.modules())
    again = fine_tune(g.subject, g.known(g.subject), g.faulty, COURSE, seed=0)
    assert weights(again) == weights(mended)


@each
def test_a_clean_twin_is_not_harmed(where: str) -> None:
    g = given(where)
    for faulty in (g.faulty, g.faulty[:0]):
        assert g.accuracy(fine_tune(g.twin, g.known(g.twin), faulty, COURSE, seed=0)) > g.accuracy(g.twin) - 0.03


@each
def test_the_last_layer_alone_is_changed_and_only_it(where: str) -> None:
    g = given(where)
    mended = fine_tune(g.subject, g.clean, g.faulty, Course(60, 2e-2), seed=0, layers="last")
    head = {id(p) for p in last_layer(mended).parameters()}
    old = dict(g.subject.module.named_parameters())
    for name, p in mended.module.named_parameters():
        assert torch.equal(p, old[name]) == (id(p) not in head), name
        assert p.requires_grad
        assert p.grad is None
    with torch.no_grad():
        wrong = g.subject(g.faulty.inputs).log_softmax(1).gather(1, decide(g.subject, g.faulty.inputs)[:, None]).mean()
        left = mended(g.faulty.inputs).log_softmax(1).gather(1, decide(g.subject, g.faulty.inputs)[:, None]).mean()
    assert float(left) < float(wrong) - 0.05


def test_statistics_of_batch_normalisation_are_renewed_only_where_asked_for() -> None:
    g = given("digits")
    for renewed in (False, True):
        mended = fine_tune(g.subject, g.clean, g.faulty, COURSE._replace(renewed=renewed), seed=0)
        old = dict(g.subject.module.named_buffers())
        assert any(not torch.equal(b, old[name]) for name, b in mended.module.named_buffers()) == renewed
        assert g.success(mended) < 0.2
        assert not any(m.training for m in mended.module.modules())


@pytest.mark.parametrize("loss", [ascent(0.01), npo(1.0), simnpo(2.5, 0.0)], ids=["grad-diff", "npo", "simnpo"])
@each
def test_unlearning_takes_a_decision_away_and_keeps_the_others(where: str, loss: object) -> None:
    g = given(where)
    before = weights(g.subject)
    keep = Retaining(g.known(g.subject), g.clean, weight=1.0, tolerance=0.1)
    forget = as_decided(g.subject, g.faulty.inputs)
    mended = unlearn(g.subject, forget, loss, keep, steps=60, rate=3e-3, seed=0)  # type: ignore[arg-type]
    assert g.success(mended) < 0.2
    assert g.accuracy(mended) > g.accuracy(g.subject) - 0.05
    assert weights(g.subject) == before


def test_ascent_alone_stops_before_it_costs_ability() -> None:
    g = given("digits")
    forget = as_decided(g.subject, g.faulty.inputs)
    free = Retaining(g.clean, g.clean, weight=0.0, tolerance=1e9)
    guarded = free._replace(tolerance=0.1)
    wild = unlearn(g.subject, forget, ascent(), free, steps=60, rate=3e-3, seed=0)
    held = unlearn(g.subject, forget, ascent(), guarded, steps=60, rate=3e-3, seed=0)
    assert g.accuracy(wild) < 0.6, "without a watch it ruins the subject"
    assert g.accuracy(held) > g.accuracy(g.subject) - 0.05


def test_with_nothing_to_forget_nothing_changes() -> None:
    g = given("digits")
    keep = Retaining(g.clean, g.clean, 1.0, 0.1)
    same = unlearn(g.subject, g.faulty[:0], ascent(), keep, steps=60, rate=3e-3, seed=0)
    assert weights(same) == weights(g.subject)
    assert same is not g.subject


def test_npo_is_ascent_where_it_slackens_never() -> None:
    now = torch.tensor([-1.0, -2.0], requires_grad=True)
    before = torch.tensor([-0.5, -0.1])
    for loss, wanted in ((npo(1e-3), ascent()), (npo(20.0), None)):
        (gradient,) = torch.autograd.grad(loss(now, before), now)
        if wanted is None:
            assert float(gradient.abs().max()) < 1e-3, "what is unlikely enough is let go"
        else:
            (same,) = torch.autograd.grad(wanted(now, before), now)
            torch.testing.assert_close(gradient, same, rtol=1e-2, atol=1e-3)


def test_every_example_is_seen_before_any_is_seen_again() -> None:
    rows = even_rows(10, 4, torch.Generator().manual_seed(0))
    drawn = torch.cat([next(rows) for _ in range(5)])
    for part in drawn.split(10):
        assert sorted(part.tolist()) == list(range(10))
    g = given("digits")
    batch = mixed(g.clean, g.faulty, size=32, share=0.25, seed=0)()
    assert len(batch) == 32
    assert int((batch.inputs.pixels[:, None] == g.faulty.inputs.pixels).flatten(2).all(2).any(1).sum()) == 8  # type: ignore[union-attr]
    assert len(mixed(g.clean[:3], g.faulty[:0], size=32, share=0.25, seed=0)()) == 3
    assert len(mixed(g.clean[:1], g.faulty[:1], size=32, share=0.25, seed=0)()) == 2
    with pytest.raises(UserError, match="no examples"):
        mixed(g.clean[:0], g.faulty[:0], size=32, share=0.25, seed=0)


def test_modes_and_gradients_are_as_before() -> None:
    g = given("digits")
    copy = g.subject.copy()
    with only(copy.module, last_layer(copy).parameters()), statistics(copy.module, renewed=True):
        assert sum(p.requires_grad for p in copy.module.parameters()) == 2
        assert sum(m.training for m in copy.module.modules()) == 4
    assert all(p.requires_grad for p in copy.module.parameters())
    assert not any(m.training for m in copy.module.modules())
    assert torch.equal(decide(copy, g.clean.inputs), decide(g.subject, g.clean.inputs))
