"""A subject that reads its padding, its batch or a dice is found out before anything is measured on it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.subject import Images, check, wrap
from tests.subject import tiny


def broken(name: str, change: Any) -> nn.Module:
    """A model whose block 0 gives ``change`` of its output."""
    module = tiny.module(name)
    block = module.get_submodule(tiny.subject(name).site("blocks.0.resid_post").module)
    block.register_forward_hook(lambda _m, _a, out: change(out))
    return module


@pytest.mark.parametrize("name", ["gpt2", "gpt-neox", "llama", "bert", "roberta"])
def test_a_model_that_reads_its_padding_is_caught(name: str) -> None:
    module = broken(name, lambda h: h + h.mean(1, keepdim=True))
    with pytest.raises(UserError, match="padded batch"):
        wrap(module, tiny.MODELS[name][1])  # type: ignore[arg-type]


def test_an_encoder_that_ignores_its_mask_is_caught() -> None:
    module = tiny.module("bert")
    plain = module.bert.forward
    module.bert.forward = lambda *a, attention_mask=None, **k: plain(*a, **k)
    with pytest.raises(UserError, match="padded batch"):
        wrap(module, "text-classifier")


def test_a_model_that_reads_its_batch_is_caught() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 2))
    module.register_forward_hook(lambda _m, _a, out: out - out.mean(0))
    with pytest.raises(UserError, match="or its batch"):
        wrap(module, "image-classifier", example=Images(torch.rand(3, 3, 8, 8)))


def test_a_dice_is_caught() -> None:
    class Dice(nn.Dropout):
        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.dropout(x, 0.5, training=True)

    module = nn.Sequential(nn.Flatten(), nn.Linear(192, 20), Dice(), nn.Linear(20, 2))
    with pytest.raises(UserError, match="in two ways"):
        wrap(module, "image-classifier", example=Images(torch.rand(3, 3, 8, 8)))


def test_nan_answers_are_caught() -> None:
    module = tiny.module("llama")
    module.lm_head.weight.data[3] = float("nan")
    with pytest.raises(UserError, match="NaN"):
        wrap(module, "causal-lm")


def test_a_model_that_notices_hooks_is_caught() -> None:
    class Shy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(12, 2)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.inner(x.flatten(1))
            return out * 0 if self.inner._forward_hooks else out

    with pytest.raises(UserError, match="when it is read from"):
        wrap(Shy(), "image-classifier", example=Images(torch.rand(2, 3, 2, 2)))


def test_wrap_turns_dropout_off() -> None:
    module = tiny.module("gpt2").train()
    assert not wrap(module, "causal-lm").module.training


@pytest.mark.parametrize("name", list(tiny.MODELS))
def test_sound_models_pass_on_other_inputs(name: str) -> None:
    subject = tiny.subject(name)
    check(subject, tiny.inputs(name, 7))
