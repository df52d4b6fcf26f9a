# ruff: noqa: PT012 (what is tested is what happens inside the block)
"""The meter: totals by hand, the same with and without memory, and nothing gets past a spent budget."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fairfight.arena.meter import BudgetExceeded, Meter


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def count(work: Callable[[], Any], times: int = 1, *, remember: bool = True, trusted: nn.Module | None = None) -> int:
    with Meter(None, remember=remember) as meter:
        if trusted is not None:
            meter.trust(trusted)
        for _ in range(times):
            work()
    return meter.flops


def same_both_ways(work: Callable[[], Any], times: int = 3, trusted: nn.Module | None = None) -> int:
    remembered = count(work, times, trusted=trusted)
    assert remembered == count(work, times, remember=False)
    return remembered


def gpt2() -> nn.Module:
    from transformers import GPT2Config, GPT2LMHeadModel

    tokens: dict[str, Any] = {"vocab_size": 32, "bos_token_id": None, "eos_token_id": None}
    config = GPT2Config(n_layer=2, n_embd=16, n_head=2, n_positions=16, **tokens)
    return GPT2LMHeadModel(config).eval()


def small_cnn() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 4)
    )


# Hand counts


def test_linear_forward_and_backward() -> None:
    layer, x = nn.Linear(8, 5), torch.randn(3, 8)
    product = 2 * 3 * 8 * 5
    assert same_both_ways(lambda: layer(x), 1) == product
    grad = torch.ones(3, 5)
    # The weights' gradient is a product of the same size, the bias' a sum over 15; the input needs none.
    assert count(lambda: layer(x).backward(grad)) == product + product + 15
    frozen = nn.Linear(8, 5).requires_grad_(False)
    wanted = x.clone().requires_grad_()
    assert count(lambda: frozen(wanted).backward(grad)) == product + product


def test_conv_forward_and_backward_with_groups() -> None:
    for groups in (1, 4):
        layer, x = nn.Conv2d(4, 8, 3, groups=groups, bias=False), torch.randn(2, 4, 6, 6)
        product = 2 * 2 * (4 * 4) * 8 * (4 // groups) * 9
        assert same_both_ways(lambda: layer(x), 1) == product  # noqa: B023
        grad = torch.ones(2, 8, 4, 4)
        assert count(lambda: layer(x).backward(grad)) == 2 * product  # noqa: B023


def test_attention_forward_and_backward() -> None:
    q, k, v = (torch.randn(2, 3, n, 4, requires_grad=True) for n in (5, 7, 7))
    product = 2 * (2 * 3) * 5 * 7 * 4
    assert count(lambda: F.scaled_dot_product_attention(q, k, v)) == 2 * product
    # Scores again, and one product each for the gradients of weights, values, queries and keys.
    out = F.scaled_dot_product_attention(q, k, v)
    assert count(lambda: torch.autograd.grad(out, (q, k, v), torch.ones_like(out))) == 5 * product


def test_a_small_cnn() -> None:
    net, x = small_cnn().eval(), torch.randn(2, 3, 8, 8)
    per_image = 2 * 64 * 8 * 27 + 8 * 64 + 8 * 64 + 8 * 64 + 2 * 128 * 4
    assert same_both_ways(lambda: net(x), 1) == 2 * per_image


def test_gpt2_is_its_products_and_little_else() -> None:
    model, ids = gpt2(), torch.randint(0, 32, (3, 8))
    tokens, d = 3 * 8, 16
    block = 2 * tokens * 12 * d * d + 4 * tokens * 8 * d
    products = 2 * block + 2 * tokens * d * 32
    with torch.no_grad():
        total = same_both_ways(lambda: model(ids, use_cache=False), 1)
    assert products < total < 1.3 * products


@pytest.mark.parametrize(
    ("work", "price"),
    [
        (lambda x: x + 1, 36),
        (lambda x: x.sum(), 36),
        (lambda x: x.reshape(4, 9)[1:].t(), 0),
        (lambda x: torch.zeros(6, 6), 0),
        (lambda x: x @ x[0], 72),
        (lambda x: torch.linalg.eigh(x @ x.T), 2 * 216 + 9 * 216),
        (lambda x: torch.linalg.svd(x, full_matrices=False), 26 * 216),
        (lambda x: torch.linalg.qr(x), 4 * 216 * 2 // 3),
        (lambda x: torch.linalg.cholesky_ex(x), 72),
        (lambda x: torch.linalg.inv_ex(x), 432),
        (lambda x: torch.linalg.solve_ex(x, x[:, :1]), 2 * 216 // 3 + 72),
        (lambda x: torch.linalg.solve_triangular(x.triu(), x[:, :1], upper=True), 36 + 36),
        (lambda x: torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist"), 3 * 216),
        (lambda x: x.sort(dim=1), 36 * 3),
        (lambda x: x.topk(2, dim=0), 36 * 3),
        (lambda x: torch.fft.fft(x.flatten()[:32]), 5 * 32 * 5),
        (lambda x: torch.full((1000, 2), 1.0)[torch.zeros(3, dtype=torch.int64)], 6),
    ],
)
def test_prices(work: Callable[[Tensor], Any], price: int) -> None:
    x = torch.randn(6, 6)
    assert count(lambda: work(x)) == price
    with torch.inference_mode():
        assert count(lambda: work(x)) == price


# The same with and without memory


@contextmanager
def hooks(*pairs: tuple[nn.Module, Callable[..., Any]]) -> Iterator[None]:
    handles = [module.register_forward_hook(hook) for module, hook in pairs]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class Stop(Exception):
    pass


def stop(*_: Any) -> None:
    raise Stop


def double(_module: nn.Module, _args: Any, out: Any) -> Any:
    return (out[0] * 2, *out[1:]) if isinstance(out, tuple) else out * 2


def read(_module: nn.Module, _args: Any, out: Any) -> None:
    (out if isinstance(out, Tensor) else out[0]).detach().sum()


def halve(_module: nn.Module, _args: Any, out: Any) -> Any:
    return (out[0][:1], *out[1:]) if isinstance(out, tuple) else out[:1]


def test_random_networks_with_and_without_hooks() -> None:
    rng = torch.Generator().manual_seed(1)

    def pick(n: int) -> int:
        return int(torch.randint(n, (), generator=rng))

    def network(depth: int, width: int) -> nn.Module:
        parts: list[nn.Module] = []
        for _ in range(1 + pick(4)):
            choices = (nn.Linear(width, width), nn.ReLU(), nn.LayerNorm(width), nn.Dropout(0.1))
            parts.append(network(depth - 1, width) if depth and pick(2) else choices[pick(4)])
        return nn.Sequential(*parts)

    for _ in range(40):
        net = network(2, 6)
        x = torch.randn(4, 6)
        parts = list(net.modules())
        kinds = (read, double, halve, stop)
        plans = [[(parts[pick(len(parts))], kinds[pick(4)]) for _ in range(pick(3))] for _ in range(5)]

        def work(net: nn.Module = net, x: Tensor = x, plans: Any = plans) -> None:
            net.train()
            for plan in plans:
                with hooks(*plan), suppress(Stop):
                    net(x[: 1 + len(plan)])
                net.train(not net.training)

        same_both_ways(work)


def test_random_hooks_while_widths_change() -> None:
    rng = torch.Generator().manual_seed(7)

    def pick(n: int) -> int:
        return int(torch.randint(n, (), generator=rng))

    for _ in range(60):
        inner = nn.Sequential(*(nn.Linear(6, 6) if pick(2) else nn.ReLU() for _ in range(2 + pick(3))))
        net, x = nn.Sequential(nn.Linear(6, 6), inner, nn.Linear(6, 6), nn.ReLU()), torch.randn(4, 6)
        parts, layers = list(net.modules()), [m for m in net.modules() if isinstance(m, nn.Linear)]
        kinds = (read, double, halve, stop)
        script = [
            (pick(len(layers) - 1), 1 + pick(6), [(parts[pick(len(parts))], kinds[pick(4)]) for _ in range(pick(3))])
            for _ in range(8)
        ]

        def work(net: Any = net, x: Tensor = x, layers: Any = layers, script: Any = script) -> None:
            for layer in layers:
                layer.weight.data, layer.bias.data = torch.randn(6, 6), torch.randn(6)
            for i, (at, width, plan) in enumerate(script):
                if i % 2:
                    before, after = layers[at], layers[at + 1]
                    before.weight.data = torch.randn(width, before.weight.shape[1])
                    before.bias.data = torch.randn(width)
                    after.weight.data = torch.randn(after.weight.shape[0], width)
                with hooks(*plan), suppress(Stop):
                    net(x)

        same_both_ways(work)


def test_gpt2_with_hooks_that_read_write_stop_and_reshape() -> None:
    model, ids = gpt2(), torch.randint(0, 32, (3, 8))
    mask = torch.ones_like(ids)
    padded = mask.clone()
    padded[0, -2:] = 0
    first, last = model.transformer.h
    plans: list[list[tuple[nn.Module, Callable[..., Any]]]] = [
        [(first, stop)],
        [(first, read), (last.mlp, double)],
        [(last, stop), (model.transformer.wte, read)],
        [],
        [(first.attn.c_attn, read), (last.ln_1, double)],
        [(model.transformer.ln_f, halve)],
        [(model, read)],
    ]

    def work() -> None:
        for plan in plans:
            for given in (mask, padded):
                with hooks(*plan), suppress(Stop):
                    model(ids, attention_mask=given, use_cache=False)

    same_both_ways(work)
    with torch.no_grad():
        same_both_ways(work)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop])
def test_training(optimizer: Any) -> None:
    def train(model: nn.Module, loss: Callable[[], Tensor]) -> Callable[[], None]:
        def work() -> None:
            steps = optimizer(model.parameters(), lr=1e-3, weight_decay=0.1)
            for _ in range(3):
                steps.zero_grad()
                loss().backward()
                steps.step()

        return work

    net, x = small_cnn().train(), torch.randn(4, 3, 8, 8)
    model, ids = gpt2().train(), torch.randint(0, 32, (2, 8))
    model.transformer.wte.requires_grad_(False)
    same_both_ways(train(net, lambda: net(x).square().sum()))
    same_both_ways(train(model, lambda: model(ids, use_cache=False).logits.square().sum()))


def test_a_module_that_is_changed_is_counted_anew() -> None:
    net, x = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), torch.randn(3, 4)

    def work() -> None:
        net[0], net[2] = nn.Linear(4, 8), nn.Linear(8, 2)
        for hook in (None, net[1]):
            with hooks(*([(hook, read)] if hook else [])):
                net(x)
        net[0].weight.data, net[0].bias.data = torch.randn(5, 4), torch.randn(5)
        net[2].weight.data = torch.randn(2, 5)
        for hook in (None, net[1]):
            with hooks(*([(hook, read)] if hook else [])):
                net(x)

    same_both_ways(work)


class Moody(nn.Module):
    """Works harder on positive inputs: no shape tells what it costs."""

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: any."""
        return x @ x.T if x.sum() > 0 else x


def test_unknown_modules_are_counted_by_what_they_do() -> None:
    net = nn.Sequential(nn.ReLU(), Moody(), nn.ReLU())
    x = torch.ones(4, 4)

    def work() -> None:
        for y in (x, 0 * x, x):
            net(y)

    same_both_ways(work)


def test_trusted_modules_are_remembered() -> None:
    calls = []

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            calls.append(len(calls))
            return self.inner(x) + 1

    own = Own()
    assert same_both_ways(lambda: own(torch.ones(2, 4)), trusted=own) == 3 * (2 * 2 * 16 + 8)
    assert len(calls) == 6, "what is remembered is run all the same"


def test_function_transforms_and_caches_of_keys_are_not_mistaken_for_shapes() -> None:
    layer, x = nn.Linear(4, 4), torch.randn(10, 4)

    def work() -> None:
        layer(x[0])
        torch.vmap(layer)(x)
        torch.func.jvp(layer, (x,), (x,))

    same_both_ways(work)
    model, ids = gpt2(), torch.randint(0, 32, (1, 4))

    def generate() -> None:
        with torch.no_grad():
            cache = None
            for _ in range(4):
                cache = model(ids[:, :1], past_key_values=cache, use_cache=True).past_key_values

    same_both_ways(generate)


def test_outputs_are_bitwise_the_same() -> None:
    model, ids = gpt2(), torch.randint(0, 32, (3, 8))
    plain = model(ids, use_cache=False).logits
    with Meter(None):
        for _ in range(2):
            with hooks((model.transformer.h[0], read)):
                assert torch.equal(model(ids, use_cache=False).logits, plain)


def test_twice_the_same() -> None:
    model, ids = gpt2(), torch.randint(0, 32, (3, 8))
    work = lambda: model(ids, use_cache=False).logits.sum().backward()  # noqa: E731
    work()
    assert count(work) == count(work)


# Budgets


def test_the_operation_that_overspends_raises_and_every_later_one() -> None:
    x = torch.ones(10)
    with pytest.raises(BudgetExceeded), Meter(25) as meter:
        y = x + 1
        y = y + 1
        assert not meter.tripped
        with pytest.raises(BudgetExceeded):
            y + 1
        for again in (lambda: x + 1, lambda: x.view(5, 2), lambda: nn.ReLU()(x), lambda: torch.zeros(1)):
            with pytest.raises(BudgetExceeded):
                again()
    assert meter.tripped
    assert torch.equal(y, x + 2), "all is as before outside"


def test_what_catches_the_exception_has_lost_all_the_same() -> None:
    meter = Meter(5)
    with pytest.raises(BudgetExceeded), meter, suppress(BaseException):
        torch.ones(10) + 1
    meter = Meter(5)
    with pytest.raises(ZeroDivisionError), meter:
        try:
            torch.ones(10) + 1
        except BaseException:
            1 / 0  # noqa: B018
    assert meter.tripped


def test_except_exception_does_not_catch_it() -> None:
    assert not issubclass(BudgetExceeded, Exception)


def test_an_exact_budget_is_enough_and_one_less_is_not() -> None:
    layer, x = nn.Linear(8, 5), torch.randn(3, 8)
    for times in (1, 2):
        limit = 240 * times
        with Meter(limit) as meter:
            for _ in range(times):
                layer(x)
        assert meter.flops == limit
        with pytest.raises(BudgetExceeded), Meter(limit - 1):
            for _ in range(times):
                layer(x)


def test_a_budget_runs_out_in_the_backward_pass() -> None:
    net, x = small_cnn(), torch.randn(2, 3, 8, 8)
    forward = count(lambda: net(x))
    loss = None
    with pytest.raises(BudgetExceeded), Meter(forward + 100):
        loss = net(x).sum()
        loss.backward()
    assert loss is not None


def test_a_budget_of_nothing() -> None:
    with pytest.raises(BudgetExceeded), Meter(0):
        torch.ones(1) + 1


# What it leaves behind


def test_all_is_restored_after_an_exception() -> None:
    call, start, step = nn.Module.__call__, threading.Thread.start, torch.optim.Adam.step
    model, ids = gpt2(), torch.randint(0, 32, (3, 8))
    before = {name: dict(m.__dict__) for name, m in model.named_modules()}
    for _ in range(2):
        with pytest.raises(Stop), Meter(None), hooks((model.transformer.h[0].attn.c_proj, stop)):
            model(ids, use_cache=False)
        assert (nn.Module.__call__, threading.Thread.start, torch.optim.Adam.step) == (call, start, step)
        assert torch._C._len_torch_dispatch_stack() == 0
    assert {name: dict(m.__dict__) for name, m in model.named_modules()} == before


def test_counting_goes_on_after_an_exception_inside() -> None:
    model, ids, x = gpt2(), torch.randint(0, 32, (3, 8)), torch.ones(10)
    with Meter(None) as meter:
        for _ in range(3):
            with suppress(Stop), hooks((model.transformer.h[0].attn.c_proj, stop)):
                model(ids, use_cache=False)
            before = meter.flops
            x + 1
            assert meter.flops == before + 10


def test_one_at_a_time() -> None:
    with Meter(None), pytest.raises(RuntimeError, match="running already"), Meter(None):
        pass
    assert count(lambda: torch.ones(3) + 1) == 3


def test_other_threads_are_counted_and_stopped() -> None:
    layer, x = nn.Linear(8, 5), torch.randn(3, 8)

    def elsewhere() -> None:
        thread = threading.Thread(target=lambda: [layer(x) for _ in range(3)])
        thread.start()
        thread.join()

    assert same_both_ways(elsewhere, 2) == 2 * 3 * 240
    with pytest.raises(BudgetExceeded), Meter(300):
        elsewhere()


def test_writing_into_a_given_tensor_costs_what_the_operation_costs() -> None:
    a, b, into = torch.ones(20, 30), torch.ones(30, 40), torch.empty(20, 40)
    with Meter(None) as given:
        torch.mm(a, b, out=into)
        torch.cat([a, a], out=torch.empty(40, 30))
    with Meter(None) as fresh:
        torch.mm(a, b)
        torch.cat([a, a])
    assert given.flops == fresh.flops > 2 * 20 * 30 * 40
