"""Plain transformers from the state dicts that TransformerLens (Nanda & Bloom 2022) writes."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.subject.transformer import Block, PlainTransformer

MARK = "blocks.0.attn.W_Q"
"""The tensor by which such a state dict is known."""
MATRICES = (("q", "Q"), ("k", "K"), ("v", "V"), ("o", "O"))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or of a torch file that the weights-only loader takes.

    Raises:
        UserError: The file is missing, cut off, or more than tensors by name.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    found: Any
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            found = load_file(path)
        else:
            found = torch.load(path, weights_only=True, map_location="cpu")
    except pickle.UnpicklingError as error:
        raise UserError(f"{path} may run code when opened: save the network's state_dict() as safetensors.") from error
    except Exception as error:  # whatever a broken file makes a reader raise
        raise UserError(f"{path} is no whole safetensors file or torch file ({error}): save it again.") from error
    if not isinstance(found, Mapping) or not all(isinstance(t, Tensor) for t in found.values()):
        raise UserError(f"{path} holds more than tensors by name: save the network's state_dict() alone.")
    return dict(found)


@torch.no_grad()
def from_lens(s: Mapping[str, Tensor], *, normalised: bool | None = None, **frame: Any) -> PlainTransformer:
    """The network of a state dict, with ReLUs in its MLPs.

    Args:
        s: Tensors by TransformerLens' names.
        normalised: Whether layers are normalised where weights of that are lacking, since they were folded into others.
        frame: What else :class:`PlainTransformer` takes: ``causal``, ``before``, ``after``, ``shift``, ``reads``.

    Raises:
        UserError: Tensors are missing, or have shapes that do not belong together.
    """
    try:
        return _filled(s, normalised, frame)
    except KeyError as error:
        raise UserError(f"The network lacks the tensor {error.args[0]!r}: save its whole state_dict().") from error
    except (RuntimeError, IndexError, ValueError) as error:
        raise UserError(f"The network's tensors do not fit one another: {str(error).splitlines()[0]}") from error


def _filled(s: Mapping[str, Tensor], normalised: bool | None, frame: dict[str, Any]) -> PlainTransformer:
    layers = len({k.split(".")[1] for k in s if k.startswith("blocks.")})
    heads, width, d_head = s[MARK].shape
    hidden = s["blocks.0.mlp.W_in"].shape[1] if "blocks.0.mlp.W_in" in s else 0
    weighted = "ln_final.w" in s
    net = PlainTransformer(
        vocabulary=len(s["embed.W_E"]), length=len(s["pos_embed.W_pos"]), width=width, layers=layers, heads=heads,
        d_head=d_head, hidden=hidden, outputs=s["unembed.W_U"].shape[1], norm=weighted or bool(normalised), **frame,
    )  # fmt: skip
    net.embed.copy_(s["embed.W_E"])
    net.place.copy_(s["pos_embed.W_pos"])
    for i, block in enumerate(net.blocks):
        assert isinstance(block, Block)
        p = f"blocks.{i}."
        for mine, theirs in MATRICES:
            getattr(block, mine).copy_(s[f"{p}attn.W_{theirs}"])
            getattr(block, f"b{mine}").copy_(s[f"{p}attn.b_{theirs}"])
        if weighted:
            _norm(block.norm1, s, f"{p}ln1")
        if block.up is not None and block.down is not None:
            if weighted:
                _norm(block.norm2, s, f"{p}ln2")
            linear(block.up, s[f"{p}mlp.W_in"].T, s[f"{p}mlp.b_in"])
            linear(block.down, s[f"{p}mlp.W_out"].T, s[f"{p}mlp.b_out"])
    if weighted:
        _norm(net.norm, s, "ln_final")
    linear(net.unembed, s["unembed.W_U"].T, s["unembed.b_U"])
    return net.eval()


def _norm(norm: nn.Module, s: Mapping[str, Tensor], name: str) -> None:
    assert isinstance(norm, nn.LayerNorm)
    norm.weight.copy_(s[f"{name}.w"])
    norm.bias.copy_(s[f"{name}.b"])


def linear(layer: nn.Linear, weight: Float[Tensor, "out in"], bias: Float[Tensor, " out"]) -> None:
    """Write a linear layer."""
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)
