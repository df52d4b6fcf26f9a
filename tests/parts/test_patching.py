"""Patching all heads at once gives what patching one after the other gives, and finds the head that does the work."""

from __future__ import annotations

import pytest
import torch
import transformers
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.scores.patching import patch_heads
from fairfight.subject import Images, Subject, Texts, cnn, wrap

pytestmark = pytest.mark.usefixtures("one_thread")
BLOCKS, HEADS, VOCABULARY = 3, 4, 30


def transformer(family: str) -> Subject:
    torch.manual_seed(0)
    special = {"bos_token_id": None, "eos_token_id": None}
    if family == "gpt2":
        config = transformers.GPT2Config(
            n_layer=BLOCKS, n_embd=32, n_head=HEADS, vocab_size=VOCABULARY, n_positions=16, **special
        )
        return wrap(transformers.GPT2LMHeadModel(config).eval(), "causal-lm", check=False)
    sizes = {"num_hidden_layers": BLOCKS, "hidden_size": 32, "num_attention_heads": HEADS, "intermediate_size": 64}
    if family == "bert":
        bert = transformers.BertConfig(vocab_size=VOCABULARY, num_labels=3, **sizes)
        return wrap(transformers.BertForSequenceClassification(bert).eval(), "text-classifier", check=False)
    kinds = {
        "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
        "gpt-neox": (transformers.GPTNeoXConfig, transformers.GPTNeoXForCausalLM),
    }
    configured, model = kinds[family]
    return wrap(model(configured(vocab_size=VOCABULARY, **sizes, **special)).eval(), "causal-lm", check=False)


def texts(seed: int, n: int = 5) -> Texts:
    rng = torch.Generator().manual_seed(seed)
    mask = (torch.arange(8) < torch.tensor([8, 8, 6, 5, 8])[:n, None]).long()
    return Texts(torch.randint(1, VOCABULARY, (n, 8), generator=rng) * mask, mask)


def first(logits: Tensor) -> Tensor:
    return logits[:, 0] - logits[:, 1]


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt-neox", "bert"])
def test_all_heads_at_once_come_to_what_each_comes_to_alone(family: str) -> None:
    subject, inputs, others = transformer(family), texts(1), texts(2)
    before = subject(inputs)
    for rows in (512, 10, 1):
        found = patch_heads(subject, inputs, others, first, rows=rows)
        assert found.shape == (BLOCKS, HEADS, len(inputs))
        for i in range(BLOCKS):
            site = f"blocks.{i}.heads"
            with subject.hooks([site]) as tape:
                subject(others)
            for head in range(HEADS):

                def exchange(x: Tensor, new: Tensor = tape[site], head: int = head) -> Tensor:
                    x = x.clone()
                    x[:, :, head] = new[:, :, head]
                    return x

                with torch.no_grad(), subject.hooks(writes={site: exchange}):
                    alone = first(subject(inputs))
                torch.testing.assert_close(found[i, head], alone, atol=1e-5, rtol=1e-4)
    assert torch.equal(subject(inputs), before), "the subject is left as it was"


def test_the_only_head_that_looks_back_is_found() -> None:
    """All heads but one write nothing; the decision can only have come from it."""
    subject = transformer("gpt2")
    with torch.no_grad():
        for i, block in enumerate(subject.module.transformer.h):  # type: ignore[union-attr, arg-type]
            for head in range(HEADS):
                if (i, head) != (1, 2):
                    block.attn.c_proj.weight[head * 8 : (head + 1) * 8] = 0
    inputs, others = texts(1), texts(2)
    decides = torch.arange(8) == inputs.mask.sum(1, keepdim=True) - 1
    others = Texts(torch.where(decides, inputs.ids, others.ids), inputs.mask)
    with torch.no_grad():
        moved = (patch_heads(subject, inputs, others, first) - first(subject(inputs))).abs().mean(dim=2)
    assert moved[1, 2] > 1e-3
    moved[1, 2] = 0
    assert float(moved.max()) < 1e-6


def test_what_cannot_be_patched_is_said_in_a_sentence() -> None:
    subject = transformer("gpt2")
    with pytest.raises(UserError, match="same number and length"):
        patch_heads(subject, texts(1), texts(2, n=4), first)
    images, headless = Images(torch.rand(2, 1, 8, 8)), wrap(cnn(1, 8, 3, 4).eval(), "image-classifier", check=False)
    with pytest.raises(UserError, match="no attention heads"):
        patch_heads(headless, images, images, first)
