"""Weight orthogonalisation (Arditi et al. 2024, arXiv:2406.11717): no weight writes along some directions any more."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.parts.edits.directions import span
from fairfight.parts.edits.selection import Selection
from fairfight.subject.families import FAMILIES
from fairfight.subject.subject import Subject


@dataclass(frozen=True)
class Writers:
    """What writes into the residual stream: modules or parameters, by their paths."""

    stem: tuple[str, ...]
    """Relative to the base model: embeddings."""
    block: tuple[str, ...]
    """Relative to each block."""


_LLAMA = Writers(("embed_tokens",), ("self_attn.o_proj", "mlp.down_proj"))
WRITERS: dict[str, Writers] = {
    "gpt2": Writers(("wte", "wpe"), ("attn.c_proj", "mlp.c_proj")),
    "gpt_neox": Writers(("embed_in",), ("attention.dense", "mlp.dense_4h_to_h")),
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "qwen2": _LLAMA,
    "vit": Writers(
        ("embeddings.patch_embeddings.projection", "embeddings.cls_token", "embeddings.position_embeddings"),
        ("attention.o_proj", "mlp.fc2"),
    ),
}
"""By family. Those that normalise after each addition (BERT) are missing: their normalisation writes too."""


def orthogonalise(s: Selection) -> Subject:
    """Keep every weight of a transformer from writing along the units' directions, wherever in the stream."""
    if not s.site.endswith(("embed", "resid_pre", "resid_post", "attn_out", "mlp_out")):
        raise UserError(f"Directions at {s.site!r} are none of the residual stream: take 'resid_post' of a block.")
    return orthogonal(s.subject, s.directions)


@torch.no_grad()
def orthogonal(subject: Subject, directions: Float[Tensor, "k d"]) -> Subject:
    """A copy whose residual stream has nothing along some directions, by its weights alone.

    An output head that shares the embedding's weights gets its own: what it reads stays as it was.

    Raises:
        UserError: The subject is no transformer that adds up what its weights write.
    """
    kind = subject.anatomy.family
    if kind not in WRITERS:
        raise UserError(
            f"{subject.name} has no residual stream that weights alone write to: orthogonalise one of the families "
            f"{', '.join(WRITERS)}, or use the edit 'project-out'."
        )
    axes = span(directions)
    copy = subject.copy()
    base = copy.module.get_submodule(subject.anatomy.base)
    writers = [_get(base, path) for path in WRITERS[kind].stem]
    for block in base.get_submodule(FAMILIES[kind].blocks).children():
        writers += [_get(block, path) for path in WRITERS[kind].block]
    _untie(copy.module, writers)
    for writer in writers:
        named = {"": writer} if isinstance(writer, nn.Parameter) else dict(writer.named_parameters())
        for name, p in named.items():
            # GPT-2's Conv1D keeps its outputs in the last dimension, like an embedding; linear maps and convolutions
            # in the first.
            first = name == "weight" and isinstance(writer, (nn.Linear, nn.Conv2d))
            _project(p, 0 if first else -1, axes)
    return copy


def _get(module: nn.Module, path: str) -> nn.Module | nn.Parameter:
    parent, _, name = path.rpartition(".")
    found: nn.Module | nn.Parameter = getattr(module.get_submodule(parent), name)
    return found


def _untie(module: nn.Module, writers: list[nn.Module | nn.Parameter]) -> None:
    written = {id(p) for w in writers if isinstance(w, nn.Module) for p in w.parameters()}
    among = {id(w) for w in writers}
    for reader in module.modules():
        weight = getattr(reader, "weight", None)
        if isinstance(weight, nn.Parameter) and id(weight) in written and id(reader) not in among:
            reader.weight = nn.Parameter(weight.detach().clone(), weight.requires_grad)


def _project(p: Tensor, axis: int, axes: Float[Tensor, "k d"]) -> None:
    """Take away what lies along the axes, in the dimension of the outputs."""
    outputs = p.movedim(axis, -1)
    outputs -= (outputs @ axes.to(p).T) @ axes.to(p)
