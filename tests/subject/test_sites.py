"""Site names mean the same in every family."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.subject import Images, Texts, read
from tests.subject import tiny

FAMILIES = list(tiny.MODELS)
TEXT = [name for name in FAMILIES if name != "vit"]
CAUSAL = [name for name, (_, kind, _) in tiny.MODELS.items() if kind == "causal-lm"]
NORMALISED_AFTER = ("bert", "roberta", "distilbert")


def theirs(name: str, inputs: Texts | Images) -> tuple[Tensor, ...]:
    """What transformers calls hidden states, on a copy: asking for them leaves hooks of its own behind."""
    module = tiny.subject(name).copy().module
    with torch.no_grad():
        if isinstance(inputs, Images):
            return tuple(module(inputs.pixels, output_hidden_states=True).hidden_states)
        return tuple(module(inputs.ids, attention_mask=inputs.mask, output_hidden_states=True).hidden_states)


@torch.no_grad()
def everything(name: str, inputs: Texts | Images) -> dict[str, Tensor]:
    subject = tiny.subject(name)
    return read(subject, inputs, subject.sites)[1]


def close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_same_names_in_every_family(name: str) -> None:
    subject = tiny.subject(name)
    parts = ("resid_pre", "heads", "attn_out", "mlp_out", "resid_post")
    expected = {f"blocks.{i}.{part}" for i in range(tiny.DEPTH) for part in parts} | {"final"}
    assert set(subject.sites) - {"embed"} == expected
    assert subject.trunk == tuple(f"blocks.{i}.resid_post" for i in range(tiny.DEPTH))
    assert ("embed" in subject.sites) == (name != "vit")


@pytest.mark.parametrize("name", FAMILIES)
def test_residual_streams_are_the_hidden_states(name: str) -> None:
    inputs = tiny.inputs(name)[:1]
    read_here, hidden = everything(name, inputs), theirs(name, inputs)
    width = hidden[0].shape[1]
    for i in range(tiny.DEPTH):
        close(read_here[f"blocks.{i}.resid_pre"], hidden[i][:, :width])
    for i in range(tiny.DEPTH - 1):
        close(read_here[f"blocks.{i}.resid_post"], hidden[i + 1])
    # Transformers' last hidden state is the normalised one, except in ViT.
    close(read_here["final" if name != "vit" else f"blocks.{tiny.DEPTH - 1}.resid_post"], hidden[-1])


@pytest.mark.parametrize("name", FAMILIES)
def test_additions_add_up(name: str) -> None:
    here = everything(name, tiny.inputs(name))
    module = tiny.subject(name).module
    for i in range(tiny.DEPTH):
        pre, post = here[f"blocks.{i}.resid_pre"], here[f"blocks.{i}.resid_post"]
        attention, mlp = here[f"blocks.{i}.attn_out"], here[f"blocks.{i}.mlp_out"]
        if name not in NORMALISED_AFTER:
            close(pre + attention + mlp, post)
            continue
        block = module.get_submodule(tiny.subject(name).site(f"blocks.{i}.resid_post").module)
        first = block.sa_layer_norm if name == "distilbert" else block.attention.output.LayerNorm
        second = block.output_layer_norm if name == "distilbert" else block.output.LayerNorm
        close(second(first(pre + attention) + mlp), post)


@pytest.mark.parametrize("name", FAMILIES)
def test_heads_through_the_projection_are_the_attention_output(name: str) -> None:
    subject = tiny.subject(name)
    here = everything(name, tiny.inputs(name))
    for i in range(tiny.DEPTH):
        heads = here[f"blocks.{i}.heads"]
        assert heads.shape[-2:] == (tiny.HEADS, tiny.WIDTH // tiny.HEADS)
        projection = subject.module.get_submodule(subject.site(f"blocks.{i}.heads").module)
        # GPT-2's Conv1D keeps its weight the other way round.
        weight = projection.weight.T if isinstance(projection, nn.Linear) else projection.weight
        split = weight.reshape(tiny.HEADS, -1, tiny.WIDTH)
        each = torch.einsum("nthd,hdw->nthw", heads, split)
        bias = 0 if projection.bias is None else projection.bias
        close(each.sum(-2) + bias, here[f"blocks.{i}.attn_out"])


@pytest.mark.parametrize("name", TEXT)
def test_embed_is_the_token_embedding(name: str) -> None:
    inputs = tiny.inputs(name)
    table = tiny.subject(name).module.get_input_embeddings()
    close(everything(name, inputs)["embed"], table(inputs.ids))


@pytest.mark.parametrize("name", FAMILIES)
def test_logits_are_the_modules_own(name: str) -> None:
    subject, inputs = tiny.subject(name), tiny.inputs(name)
    with torch.no_grad():
        ours = subject(inputs)
        if isinstance(inputs, Images):
            close(ours, subject.module(inputs.pixels).logits)
            return
        plain = subject.module(inputs.ids, attention_mask=inputs.mask).logits
    if plain.ndim == 3:
        plain = torch.stack([row[int(m.sum()) - 1] for row, m in zip(plain, inputs.mask, strict=True)])
    close(ours, plain)


@pytest.mark.parametrize("name", FAMILIES)
def test_readout_of_the_last_stream_is_the_answer(name: str) -> None:
    subject, inputs = tiny.subject(name), tiny.inputs(name)
    with torch.no_grad():
        logits, tape = read(subject, inputs, subject.trunk)
        first, last = (
            subject.readout(subject.pool(tape[site], inputs)) for site in (subject.trunk[0], subject.trunk[-1])
        )
    close(last, logits)
    assert first.shape == logits.shape
    assert not torch.allclose(first, logits)


def test_unknown_site_names_its_neighbours() -> None:
    with pytest.raises(UserError, match=r"blocks\.1\.resid_post"):
        tiny.subject("gpt2").site("blocks.7.resid_post")


@pytest.mark.parametrize("name", CAUSAL)
def test_left_padding_is_refused(name: str) -> None:
    texts = tiny.tokens(2, 4)
    texts.mask[0, 0] = 0
    with pytest.raises(UserError, match="right"):
        tiny.subject(name)(texts)


def test_bare_model_is_refused() -> None:
    from fairfight.subject import wrap

    with pytest.raises(UserError, match="output head"):
        wrap(tiny.module("gpt2").transformer, "causal-lm")
