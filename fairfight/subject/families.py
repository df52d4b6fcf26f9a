"""The transformer families: where each keeps what the site names stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from fairfight.errors import UserError
from fairfight.subject.sites import Anatomy, Site


@dataclass(frozen=True)
class Family:
    """Paths within a model of one family; those of a block are relative to the block."""

    base: str
    blocks: str
    embed: str
    final: str
    """Empty where the last block's output is already normalised."""
    attention: str
    mlp: str
    projection: str
    """The attention's output projection, whose input are the heads' values."""
    decision: Literal["last", "first"]


GPT2 = Family("transformer", "h", "wte", "ln_f", "attn.resid_dropout", "mlp.dropout", "attn.c_proj", "last")
NEOX = Family(
    "gpt_neox", "layers", "embed_in", "final_layer_norm",
    "post_attention_dropout", "post_mlp_dropout", "attention.dense", "last",
)  # fmt: skip
LLAMA = Family("model", "layers", "embed_tokens", "norm", "self_attn.o_proj", "mlp", "self_attn.o_proj", "last")
BERT = Family(
    "bert", "encoder.layer", "embeddings.word_embeddings", "",
    "attention.output.dropout", "output.dropout", "attention.output.dense", "first",
)  # fmt: skip
ROBERTA = Family("roberta", *[getattr(BERT, f) for f in list(BERT.__dataclass_fields__)[1:]])
DISTILBERT = Family(
    "distilbert", "transformer.layer", "embeddings.word_embeddings", "",
    "attention.out_lin", "ffn", "attention.out_lin", "first",
)  # fmt: skip
VIT = Family("vit", "layers", "", "layernorm", "attention.o_proj", "mlp", "attention.o_proj", "first")

FAMILIES: dict[str, Family] = {
    "gpt2": GPT2,
    "gpt_neox": NEOX,
    "llama": LLAMA,
    "mistral": LLAMA,
    "qwen2": LLAMA,
    "bert": BERT,
    "roberta": ROBERTA,
    "xlm-roberta": ROBERTA,
    "distilbert": DISTILBERT,
    "vit": VIT,
}
"""By transformers' ``model_type``."""

_HEADS = {
    "causal": ("lm_head", "score"),
    "bert": ("bert.pooler", "classifier"),
    "roberta": ("classifier",),
    "xlm-roberta": ("classifier",),
    "distilbert": ("pre_classifier", "relu", "classifier"),
    "vit": ("classifier",),
}


def transformer_anatomy(module: nn.Module, config: Any) -> Anatomy:
    """The anatomy of a transformers model of a known family.

    Args:
        module: A model with an output head: ``…ForCausalLM``, ``…ForSequenceClassification`` and so on.
        config: Its configuration; ``model_type`` is a key of :data:`FAMILIES`.

    Raises:
        UserError: The model does not have the family's layout, or has no output head.
    """
    kind = config.model_type
    family = FAMILIES[kind]
    if family.decision == "last":
        head = tuple(h for h in _HEADS["causal"] if isinstance(getattr(module, h, None), nn.Module))
    else:
        head = _HEADS[kind]
    try:
        if not head:
            raise AttributeError("no output head")
        for path in (family.base, *(h for h in head if h != "relu")):
            module.get_submodule(path)
        blocks = module.get_submodule(f"{family.base}.{family.blocks}")
        sites = {s.name: s for s in _sites(family, len(list(blocks.children())), int(config.num_attention_heads))}
        for site in sites.values():
            module.get_submodule(site.module)
    except AttributeError as error:
        raise UserError(
            f"{type(module).__name__} is not laid out as the {kind} family's models with an output head are ({error}): "
            "give a causal LM or a classifier of that family."
        ) from error
    return Anatomy(
        family=kind,
        sites=sites,
        trunk=tuple(name for name in sites if name.endswith(".resid_post")),
        decision=family.decision,
        base=family.base,
        norm=f"{family.base}.{family.final}" if family.final else "",
        head=head,
        # GPT-2 warns once when it meets its own padding token without a mask.
        unmasked=family.decision == "last" and not (kind == "gpt2" and config.pad_token_id is not None),
    )


def _sites(family: Family, depth: int, heads: int) -> list[Site]:
    """All sites of a model with ``depth`` blocks, shallow to deep."""
    sites = [Site("embed", f"{family.base}.{family.embed}")] if family.embed else []
    block = ""
    for i in range(depth):
        block = f"{family.base}.{family.blocks}.{i}"
        sites += [
            Site(f"blocks.{i}.resid_pre", block, "input"),
            Site(f"blocks.{i}.heads", f"{block}.{family.projection}", "input", heads),
            Site(f"blocks.{i}.attn_out", f"{block}.{family.attention}"),
            Site(f"blocks.{i}.mlp_out", f"{block}.{family.mlp}"),
            Site(f"blocks.{i}.resid_post", block),
        ]
    sites.append(Site("final", f"{family.base}.{family.final}" if family.final else block))
    return sites
