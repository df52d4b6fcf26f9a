"""Patching all heads at once gives what patching one after the other gives, and finds the head that does the work."""

from __future__ import annotations

import pytest
import torch
import transformers
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.edits.installed import with_edits
from fairfight.parts.scores.patching import patch_heads
from fairfight.subject import Images, Inputs, Subject, Texts, cnn, wrap

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
    if family == "vit":
        vit = transformers.ViTConfig(image_size=8, patch_size=4, num_channels=1, num_labels=3, **sizes)
        return wrap(transformers.ViTForImageClassification(vit).eval(), "image-classifier", check=False)
    if family == "distilbert":
        distilled = transformers.DistilBertConfig(
            vocab_size=VOCABULARY, num_labels=3, n_layers=BLOCKS, dim=32, n_heads=HEADS, hidden_dim=64
        )
        return wrap(transformers.DistilBertForSequenceClassification(distilled).eval(), "text-classifier", check=False)
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


def images(seed: int) -> Images:
    return Images(torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(seed)))


def first(logits: Tensor) -> Tensor:
    return logits[:, 0] - logits[:, 1]


def alone(subject: Subject, inputs: Inputs, others: Inputs, i: int, head: int) -> Tensor:
    """One head exchanged in a whole pass."""
    site = f"blocks.{i}.heads"
    with torch.no_grad():
        with subject.hooks([site]) as tape:
            subject(others)

        def exchange(x: Tensor) -> Tensor:
            x = x.clone()
            x[:, :, head] = tape[site][:, :, head]
            return x

        with subject.hooks(writes={site: exchange}):
            return first(subject(inputs))


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt-neox", "bert", "distilbert", "vit"])
def test_all_heads_at_once_come_to_what_each_comes_to_alone(family: str) -> None:
    subject = transformer(family)
    inputs, others = (images(1), images(2)) if family == "vit" else (texts(1), texts(2))
    before = subject(inputs)
    wanted = torch.stack(
        [torch.stack([alone(subject, inputs, others, i, head) for head in range(HEADS)]) for i in range(BLOCKS)]
    )
    for rows in (None, 512, 10, 1):
        found = patch_heads(subject, inputs, others, first, rows=rows)
        assert found.shape == (BLOCKS, HEADS, len(inputs))
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
    assert torch.equal(subject(inputs), before), "the subject is left as it was"


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt-neox", "bert"])
@pytest.mark.parametrize("where", ["heads", "attn_out", "mlp_out", "resid_pre", "resid_post"])
def test_edits_that_a_subject_keeps_are_made_once(family: str, where: str) -> None:
    inputs, others = texts(1), texts(2)
    edits = {f"blocks.{i}.{where}": lambda x: (1.5 * x + 0.2).tanh() for i in (1, BLOCKS - 1)}
    subject = with_edits(transformer(family), edits, example=inputs)
    found = patch_heads(subject, inputs, others, first)
    for i in range(BLOCKS):
        torch.testing.assert_close(found[i, 1], alone(subject, inputs, others, i, 1), atol=1e-5, rtol=1e-4)


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
    pictures, headless = images(1), wrap(cnn(1, 8, 3, 4).eval(), "image-classifier", check=False)
    with pytest.raises(UserError, match="no attention heads"):
        patch_heads(headless, pictures, pictures, first)
