"""Reading changes nothing, writing changes what it should, and hooks never outlive their context."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from fairfight.errors import UserError
from fairfight.subject import Images, Subject, cnn, read, wrap
from tests.subject import tiny

NAMES = ("gpt2", "gpt-neox", "llama", "bert", "distilbert", "vit")


def hooks_on(subject: Subject) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in subject.module.modules())


@pytest.fixture
def conv() -> Subject:
    torch.manual_seed(0)
    return wrap(cnn(3, 16, 5, 4), "image-classifier")


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_reads_and_noop_writes_change_nothing_bitwise(name: str) -> None:
    subject, inputs = tiny.subject(name), tiny.inputs(name)
    plain = subject(inputs)
    with subject.hooks(subject.sites, dict.fromkeys(subject.sites, lambda x: x)) as tape:
        hooked = subject(inputs)
    assert torch.equal(plain, hooked)
    assert set(tape) == set(subject.sites)
    with subject.hooks(writes=dict.fromkeys(subject.sites, torch.clone)):
        assert torch.equal(plain, subject(inputs))


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_a_write_is_what_comes_after_it(name: str) -> None:
    subject, inputs = tiny.subject(name), tiny.inputs(name)
    _, other = read(subject, inputs[[1, 0, 2, 3, 4]], ["blocks.0.resid_post"])
    with subject.hooks(["blocks.1.resid_pre"], {"blocks.0.resid_post": lambda _: other["blocks.0.resid_post"]}) as tape:
        patched = subject(inputs)
    assert torch.equal(tape["blocks.1.resid_pre"], other["blocks.0.resid_post"])
    assert not torch.equal(patched, subject(inputs))


@torch.no_grad()
def test_a_head_can_be_silenced() -> None:
    subject, inputs = tiny.subject("llama"), tiny.inputs("llama")

    def silence(heads: Tensor) -> Tensor:
        return torch.cat([heads[..., :1, :] * 0, heads[..., 1:, :]], -2)

    with subject.hooks(["blocks.0.heads", "blocks.0.attn_out"], {"blocks.0.heads": silence}) as tape:
        subject(inputs)
    weight = subject.module.get_submodule(subject.site("blocks.0.heads").module).weight
    kept = tape["blocks.0.heads"][..., 1:, :].flatten(-2)
    assert bool((tape["blocks.0.heads"][..., 0, :] == 0).all())
    torch.testing.assert_close(kept @ weight[:, -kept.shape[-1] :].T, tape["blocks.0.attn_out"])


@torch.no_grad()
def test_sites_that_share_a_tensor_see_each_others_writes() -> None:
    subject, inputs = tiny.subject("bert"), tiny.inputs("bert")
    with subject.hooks(["final"], {"blocks.1.resid_post": torch.zeros_like}) as tape:
        subject(inputs)
    assert not tape["final"].any()


@torch.no_grad()
def test_contexts_nest(conv: Subject) -> None:
    x = Images(torch.rand(2, 3, 16, 16))
    with conv.hooks(writes={"layers.stage1": torch.zeros_like}):
        with conv.hooks(["layers.stage1"], {"layers.stage1": lambda h: h + 1}) as inner:
            conv(x)
        assert bool((inner["layers.stage1"] == 1).all())
        with conv.hooks(["layers.stage1"]) as after:
            conv(x)
        assert not after["layers.stage1"].any()
    assert hooks_on(conv) == 0


def test_hooks_are_gone_after_an_exception(conv: Subject) -> None:
    x = Images(torch.rand(2, 3, 16, 16))

    def fail(_: Tensor) -> Tensor:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), conv.hooks(conv.sites, {"layers.stage2": fail}):
        conv(x)
    assert hooks_on(conv) == 0
    with pytest.raises(RuntimeError), conv.hooks(conv.sites):
        conv(Images(torch.rand(2, 7, 16, 16)))
    assert hooks_on(conv) == 0
    with pytest.raises(UserError, match="Unknown site"), conv.hooks(["layers.stage1", "layers.stage9"]):
        pass
    assert hooks_on(conv) == 0


@pytest.mark.parametrize("wrong", [lambda h: h[:1], lambda _: None])
def test_a_write_of_another_shape_is_refused(conv: Subject, wrong: object) -> None:
    with (
        pytest.raises(UserError, match=r"layers\.stage1 must give shape"),
        conv.hooks(
            writes={"layers.stage1": wrong}  # type: ignore[dict-item]
        ),
    ):
        conv(Images(torch.rand(2, 3, 16, 16)))


def test_reads_keep_the_graph(conv: Subject) -> None:
    logits, tape = read(conv, Images(torch.rand(2, 3, 16, 16)), ["layers.stage2"])
    (gradient,) = torch.autograd.grad(logits.sum(), tape["layers.stage2"])
    assert gradient.shape == tape["layers.stage2"].shape
    assert bool(gradient.any())
