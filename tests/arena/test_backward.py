"""Backward passes cost what counting every operation says, whatever graph they run through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fairfight.arena.meter import BudgetExceeded, Meter

pytestmark = pytest.mark.usefixtures("one_thread")
Work = Callable[[], Any]


def count(work: Work, *, remember: bool) -> int:
    torch.manual_seed(0)
    with Meter(None, remember=remember) as meter:
        work()
    return meter.flops


def same(make: Callable[[], Work]) -> int:
    """``make`` gives the work anew, since work leaves gradients behind."""
    exactly = count(make(), remember=False)
    assert count(make(), remember=True) == exactly
    return exactly


def network() -> nn.Module:
    torch.manual_seed(1)
    layers = [nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(64, 3))


def language_model() -> nn.Module:
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(1)
    sizes = {"n_layer": 2, "n_embd": 16, "n_head": 2, "vocab_size": 20, "n_positions": 8}
    return GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=None, eos_token_id=None))


def training(clear: bool = True, sizes: tuple[int, ...] = (6, 6, 4, 6)) -> Work:
    net = network()

    def work() -> None:
        for n in sizes:
            loss = cross_entropy(net(torch.rand(n, 1, 8, 8)), torch.randint(0, 3, (n,)))
            if clear:
                net.zero_grad()
            loss.backward()

    return work


@pytest.mark.parametrize("clear", [True, False], ids=["cleared", "added to what is there"])
def test_training_a_convolutional_network(clear: bool) -> None:
    same(lambda: training(clear))


def test_training_a_language_model_with_part_of_it_frozen() -> None:
    def make() -> Work:
        model = language_model()

        def work() -> None:
            for frozen in (False, False, True, True, False):
                for p in model.transformer.h[0].parameters():
                    p.requires_grad_(not frozen)
                ids = torch.randint(0, 20, (3, 8))
                model(ids, attention_mask=torch.ones_like(ids), labels=ids, use_cache=False).loss.backward()

        return work

    same(make)


def test_gradients_of_chosen_inputs() -> None:
    def make() -> Work:
        net = network()
        first = next(net.parameters())

        def work() -> None:
            for wanted in ("pixels", "weights", "pixels", "both", "inner", "inner"):
                x = torch.rand(4, 1, 8, 8, requires_grad=True)
                inner = net[0](x)
                out = net[1:](inner).square().sum(dim=1)
                asked = {"pixels": [x], "weights": [first], "both": [x, first], "inner": [inner]}[wanted]
                torch.autograd.grad(out, asked, grad_outputs=torch.ones(4))

        return work

    same(make)


def test_shapes_that_meet_by_broadcasting_and_tensors_used_twice() -> None:
    def make() -> Work:
        a, b = (torch.rand(5, 1, requires_grad=True), torch.rand(1, 7, requires_grad=True))

        def work() -> None:
            for twice in (False, True, False, True):
                c = a * b
                out = (c * c + c if twice else c.exp()).sum() + a[torch.tensor([0, 0, 3])].sum()
                out.backward()

        return work

    assert same(make) > 0


class Costly(torch.autograd.Function):
    """Its backward pass costs more each time."""

    calls = 0

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        Costly.calls += 1
        for _ in range(Costly.calls):
            grads = (grads[0] + 1,)
        return grads[0]


def custom() -> Work:
    Costly.calls = 0
    x = torch.rand(30, requires_grad=True)
    return lambda: [Costly.apply(x).sum().backward() for _ in range(4)]


def hooked() -> Work:
    seen: list[int] = []

    def hook(grad: Tensor) -> None:
        seen.append(1)
        for _ in seen:
            grad * 2

    def work() -> None:
        x = torch.rand(30, requires_grad=True)
        for _ in range(3):
            (x * 3).sum().backward()
        x.register_hook(hook)
        for _ in range(3):
            (x * 3).sum().backward()

    return work


def hooked_before() -> Work:
    x = torch.rand(30, requires_grad=True)
    seen: list[int] = []

    def hook(grad: Tensor) -> None:
        seen.append(1)
        for _ in seen:
            grad * 2

    x.register_hook(hook)
    return lambda: [(x * 3).sum().backward() for _ in range(4)]


def of_the_second_order() -> Work:
    x = torch.rand(30, requires_grad=True)

    def work() -> None:
        for _ in range(3):
            (slope,) = torch.autograd.grad(x.exp().sum(), x, create_graph=True)
            slope.square().sum().backward()

    return work


@pytest.mark.parametrize("make", [custom, hooked, hooked_before, of_the_second_order])
def test_code_of_others_is_counted_as_it_runs(make: Callable[[], Work]) -> None:
    same(make)


def test_a_known_graph_is_charged_before_it_runs() -> None:
    once = count(training(sizes=(6,)), remember=False)
    with pytest.raises(BudgetExceeded), Meter(5 * once):
        training(sizes=(6,) * 20)()
