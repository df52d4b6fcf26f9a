"""Tiny transformers of the families that transformers knows, from a configuration alone: nothing is downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from fairfight.errors import unknown
from fairfight.seeds import derive
from fairfight.worlds import lexicon
from fairfight.worlds.tokenizer import vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ENCODERS: tuple[str, ...] = ("bert",)
DECODERS: tuple[str, ...] = ("gpt2", "llama", "gpt-neox")
POSITIONS = 48
HEADS = 4


def tiny(
    architecture: str,
    seed: int,
    *,
    width: int = 48,
    layers: int = 2,
    inner: int = 2,
    words: Sequence[str] | None = None,
    classes: Sequence[str] = lexicon.LABELS,
) -> PreTrainedModel:
    """An untrained model over a list of words: ``bert`` classifies, the others are causal language models.

    Eager attention: for so short sentences it is as fast as the fused one on a CPU (measured, within a tenth), and a
    batch's answers do not depend on which kernel its shape happens to pick.

    Args:
        architecture: One of :data:`ENCODERS` and :data:`DECODERS`.
        seed: Draws the initial weights; torch's global generator is left as it was.
        width: Size of the residual stream, divisible by the four heads.
        layers: Number of blocks.
        inner: The MLP's width in multiples of ``width``.
        words: Every token, special ones included; the sentences' vocabulary if none are given.
        classes: What an encoder tells apart.

    Raises:
        UserError: An architecture that is not known.
    """
    if architecture not in ENCODERS + DECODERS:
        raise unknown("architecture for sentences", architecture, ENCODERS + DECODERS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "weights", architecture))
        model = _model(architecture, width, layers, inner, tuple(words or vocabulary()), classes)
    model.train(False)
    return model


def _model(
    architecture: str, width: int, layers: int, inner: int, words: tuple[str, ...], classes: Sequence[str]
) -> PreTrainedModel:
    ids = {word: i for i, word in enumerate(words)}
    # Weights of a narrow network must start larger than the usual 0.02, or it sits on a plateau for many epochs.
    common: dict[str, Any] = {
        "vocab_size": len(ids),
        "initializer_range": width**-0.5 / 2,
        "pad_token_id": ids["[PAD]"],
        "bos_token_id": ids["[BOS]"],
        "eos_token_id": ids["[EOS]"],
        "attn_implementation": "eager",
    }
    if architecture == "gpt2":
        from transformers import GPT2Config, GPT2LMHeadModel

        quiet: dict[str, Any] = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
        shape: dict[str, Any] = {
            "n_embd": width,
            "n_layer": layers,
            "n_head": HEADS,
            "n_inner": inner * width,
            "n_positions": POSITIONS,
        }
        return GPT2LMHeadModel(GPT2Config(**common, **quiet, **shape))
    common |= {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": HEADS,
        "intermediate_size": inner * width,
        "max_position_embeddings": POSITIONS,
    }
    if architecture == "bert":
        from transformers import BertConfig, BertForSequenceClassification

        names = dict(enumerate(classes))
        quiet = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        return BertForSequenceClassification(
            BertConfig(**common, **quiet, id2label=names, label2id={v: k for k, v in names.items()})
        )
    if architecture == "llama":
        from transformers import LlamaConfig, LlamaForCausalLM

        return LlamaForCausalLM(LlamaConfig(**common))
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    return GPTNeoXForCausalLM(GPTNeoXConfig(**common))
