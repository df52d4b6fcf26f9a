"""Training: our AdamW is torch's, and what is learned does not depend on threads or on what ran before."""

from __future__ import annotations

import pytest
import torch

from fairfight.faults.adamw import AdamW, one_cycle
from fairfight.faults.training import fit
from fairfight.subject.inputs import Inputs
from fairfight.worlds.world import Schedule, world


def _net() -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3)).double()


@pytest.mark.slow  # torch's optimiser imports its compiler
def test_steps_equal_those_of_torchs_adamw() -> None:
    ours, theirs = _net(), _net()
    x = torch.randn(20, 5, generator=torch.Generator().manual_seed(1)).double()
    descent = AdamW.over(ours.parameters(), 0.1)
    reference = torch.optim.AdamW(theirs.parameters(), lr=0.01, weight_decay=0.1)
    for _ in range(20):
        ours(x).square().sum().backward()
        descent.step(0.01)
        reference.zero_grad()
        theirs(x).square().sum().backward()
        reference.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-9)


def test_descent_goes_down_and_gives_the_parameters_back() -> None:
    net = _net()
    x = torch.ones(4, 5).double()
    before = float(net(x).square().sum())
    descent = AdamW.over(net.parameters(), 0.0)
    for _ in range(50):
        net(x).square().sum().backward()
        descent.step(0.02)
    descent.release()
    assert float(net(x).square().sum()) < before / 20
    assert all(p.grad is None for p in net.parameters())
    storages = {p.data.untyped_storage().data_ptr() for p in net.parameters()}
    assert len(storages) == 4, "no storage is shared, so that weights can be saved"


def test_the_rate_rises_to_its_peak_and_falls_to_nothing() -> None:
    rates = [one_cycle(step, 100, 0.5) for step in range(100)]
    assert max(rates) == rates[20] == 0.5
    assert rates[:21] == sorted(rates[:21])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[0] < 0.03
    assert rates[-1] < 0.001
    assert one_cycle(0, 1, 0.5) > 0


def test_training_does_not_depend_on_threads_or_the_global_generator() -> None:
    ground = world("digits")
    examples = ground.examples("train", 0, "cnn")[:128]
    weights = []
    for threads, seed in ((1, 1), (2, 2)):
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        subject = ground.subject("cnn", 0)
        fit(subject, ground, examples, Schedule(epochs=2, batch_size=32, lr=0.01), 3)
        assert torch.get_num_threads() == threads
        assert not subject.module.training
        weights.append(subject.module.head.weight)
    assert torch.equal(weights[0], weights[1])


def test_a_loss_of_ones_own_gets_the_rows_of_its_batch() -> None:
    ground = world("digits")
    examples = ground.examples("train", 0, "cnn")[:64]
    subject = ground.subject("cnn", 0)
    schedule = Schedule(epochs=2, batch_size=24, lr=0.01)
    seen: list[torch.Tensor] = []

    def loss(inputs: Inputs, labels: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        assert torch.equal(labels, examples.labels[rows])
        assert torch.equal(inputs.pixels, examples.inputs[rows].pixels)  # type: ignore[union-attr]
        seen.append(rows)
        return ground.loss(subject, inputs, labels, schedule)

    fit(subject, ground, examples, schedule, 3, loss)
    assert torch.cat(seen).sort().values.tolist() == sorted([*range(64)] * 2), "every row once an epoch"
    usual = ground.subject("cnn", 0)
    fit(usual, ground, examples, schedule, 3)
    assert torch.equal(usual.module.head.weight, subject.module.head.weight)
