"""One tiny model of each family with random weights, and texts of different lengths for it."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from fairfight.seeds import torch_rng
from fairfight.subject import Inputs, Subject, Texts, wrap
from fairfight.subject.checking import example_inputs

VOCABULARY = 40
WIDTH = 32
HEADS = 4
DEPTH = 2

_COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": 48,
    "num_hidden_layers": DEPTH,
    "num_attention_heads": HEADS,
    "max_position_embeddings": 24,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_GPT2 = {k: v for k, v in _COMMON.items() if k != "intermediate_size"}
_BERT = _COMMON | {"type_vocab_size": 1}
_DISTIL = {
    "vocab_size": VOCABULARY, "dim": WIDTH, "hidden_dim": 48, "n_layers": DEPTH, "n_heads": HEADS,
    "max_position_embeddings": 24, "pad_token_id": 0,
}  # fmt: skip
_VIT = {k: v for k, v in _COMMON.items() if "vocab" not in k and "token" not in k and "position" not in k}
_VIT |= {"image_size": 16, "patch_size": 4}

MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "gpt2": ("GPT2LMHeadModel", "causal-lm", _GPT2),
    "gpt2-unpadded": ("GPT2LMHeadModel", "causal-lm", _GPT2 | {"pad_token_id": None}),
    "gpt-neox": ("GPTNeoXForCausalLM", "causal-lm", _COMMON),
    "gpt-neox-serial": ("GPTNeoXForCausalLM", "causal-lm", _COMMON | {"use_parallel_residual": False}),
    "llama": ("LlamaForCausalLM", "causal-lm", _COMMON | {"num_key_value_heads": 2}),
    "gpt2-classifier": ("GPT2ForSequenceClassification", "text-classifier", _GPT2),
    "llama-classifier": ("LlamaForSequenceClassification", "text-classifier", _COMMON),
    "bert": ("BertForSequenceClassification", "text-classifier", _BERT),
    "roberta": ("RobertaForSequenceClassification", "text-classifier", _BERT),
    "distilbert": ("DistilBertForSequenceClassification", "text-classifier", _DISTIL),
    "vit": ("ViTForImageClassification", "image-classifier", _VIT),
}
"""Transformers' class, our kind, and the configuration's arguments."""


def module(name: str) -> Any:
    """A fresh model; the same weights each time."""
    import transformers

    architecture, _, options = MODELS[name]
    cls = getattr(transformers, architecture)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = cls(cls.config_class(**options))
        # Fresh biases and normalisations are 0 and 1, which would hide a place where one is forgotten.
        for p in made.parameters():
            p.data += 0.1 * torch.randn_like(p)
    return made


@cache
def subject(name: str) -> Subject:
    """The subject around it, which tests must leave as it is."""
    return wrap(module(name), MODELS[name][1])  # type: ignore[arg-type]


def inputs(name: str, n: int = 5) -> Inputs:
    """Images, or texts of different lengths, for the model."""
    return example_inputs(subject(name), n)


def tokens(n: int, width: int, seed: int = 0) -> Texts:
    """Texts without padding."""
    ids = torch.randint(3, VOCABULARY, (n, width), generator=torch_rng(seed, "tokens"))
    return Texts(ids, torch.ones_like(ids))
