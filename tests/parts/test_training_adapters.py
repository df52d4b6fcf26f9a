"""Adapters change matrices in few directions, whatever the layer is called, and leave no trace of themselves."""

from __future__ import annotations

import pytest
import torch

from fairfight.parts.training import adapters
from fairfight.parts.training.finetune import Course
from fairfight.parts.training.labelled import Labelled
from fairfight.subject import Images, Subject, cnn, wrap
from fairfight.subject.inputs import Inputs, Texts

RANK = 2


def convolutions() -> tuple[Subject, Inputs]:
    module = cnn(channels=1, size=16, classes=3, width=8)
    return wrap(module, "image-classifier", name="small", check=False), Images(torch.rand(24, 1, 16, 16))


def gpt2() -> tuple[Subject, Inputs]:
    from transformers import GPT2Config, GPT2LMHeadModel

    module = GPT2LMHeadModel(GPT2Config(vocab_size=50, n_positions=16, n_embd=16, n_layer=2, n_head=2))
    ids = torch.randint(3, 50, (24, 8))
    return wrap(module.eval(), "causal-lm", name="small", check=False), Texts(ids, torch.ones_like(ids))


def bert() -> tuple[Subject, Inputs]:
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
        num_labels=3,
    )
    ids = torch.randint(3, 50, (24, 8))
    module = BertForSequenceClassification(config).eval()
    return wrap(module, "text-classifier", name="small", check=False), Texts(ids, torch.ones_like(ids))


@pytest.mark.parametrize("make", [convolutions, gpt2, bert])
def test_every_matrix_moves_in_as_many_directions_as_it_was_given(make: object) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        subject, inputs = make()  # type: ignore[operator]
    labels = torch.arange(24) % 3
    known = Labelled(inputs, labels)
    before = {k: v.clone() for k, v in subject.module.state_dict().items()}
    names = list(before)
    copy = adapters.lora(subject, known, known[:0], Course(10, 1e-2, 0.0, 0.25), rank=RANK, seed=0)
    after = copy.module.state_dict()
    assert list(after) == names, "adapters are merged"
    assert all(torch.equal(v, subject.module.state_dict()[k]) for k, v in before.items())
    moved = 0
    for name, old in before.items():
        change = after[name].float() - old.float()
        if not name.endswith("weight") or old.ndim < 2 or not bool(change.abs().max() > 0):
            continue
        moved += 1
        size = torch.linalg.svdvals(change.flatten(1).double())
        assert float(size[RANK:].sum()) < 1e-3 * float(size.sum()), name
    assert moved >= 3
    assert not bool(torch.equal(copy(inputs), subject(inputs)))
    assert torch.equal(copy.copy()(inputs), copy(inputs))
