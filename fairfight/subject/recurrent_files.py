"""Recurrent networks from files: what torch's own one-layer RNN and a linear readout were saved as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fairfight.errors import UserError
from fairfight.subject.recurrent import Recurrent
from fairfight.subject.weights import check_weight_files

PARTS = ("weight_ih_l0", "weight_hh_l0")


def load_recurrent(path: Path, low: int, high: int, *, update: str = "tanh") -> Recurrent:
    """The network of a safetensors file, or of a folder that holds one.

    The file has the tensors of one ``torch.nn.RNN`` of one layer (``…weight_ih_l0``, ``…weight_hh_l0``, perhaps their
    biases) and of one ``torch.nn.Linear`` on its states. Inputs are numbers, or one-hot where the columns are as many.

    Args:
        path: The file or folder.
        low: The least that an input can be.
        high: The greatest.
        update: ``tanh``, ``relu`` or ``linear``: what the network does to its state.

    Raises:
        UserError: The file is missing, cut off or a pickle, or its tensors are not those.
    """
    tensors = _read(path)
    found = {part: _only(tensors, part) for part in PARTS}
    feed, recur = (tensors[found[part]] for part in PARTS)
    names = {*found.values(), *(n for n in tensors if n.rsplit(".", 1)[-1] in ("bias_ih_l0", "bias_hh_l0"))}
    biases = [tensors[n] for n in sorted(names - set(found.values()))]
    heads = [n for n, t in tensors.items() if n not in names and n.endswith("weight") and t.ndim == 2]
    if len(heads) != 1 or tensors[heads[0]].shape[1] != len(recur):
        raise UserError(f"{path} needs one linear readout of {len(recur)} states beside the RNN, and has {len(heads)}.")
    head = tensors[heads[0]]
    shift = tensors.get(heads[0].removesuffix("weight") + "bias", torch.zeros(len(head)))
    values, width = high - low + 1, feed.shape[1]
    one_hot = width >= values and width % values == 0 and values > 1
    module = Recurrent(
        low=low, high=high, channels=width // values if one_hot else width, hidden=len(recur), outputs=len(head),
        update=update, inputs="one-hot" if one_hot else "number", readout="affine",
    )  # fmt: skip
    own: dict[str, Tensor] = {
        "recur.weight": recur,
        "recur.bias": torch.stack(biases).sum(0) if biases else torch.zeros(len(recur)),
        "feed.weight": feed,
        "answer.weight": head,
        "answer.bias": shift,
    }
    module.load_state_dict(own)
    return module.eval()


def _read(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    if path.is_dir():
        check_weight_files(path)
        files = sorted(path.glob("*.safetensors"))
        if not files:
            raise UserError(f"{path} has no safetensors file: save the network's tensors as one.")
        path = files[0]
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    try:
        return load_file(path)
    except Exception as error:  # whatever a broken file makes the reader raise
        raise UserError(f"{path} is no whole safetensors file ({error}): save it again.") from error


def _only(tensors: dict[str, Any], part: str) -> str:
    names = [name for name in tensors if name.rsplit(".", 1)[-1] == part]
    if len(names) != 1 or tensors[names[0]].ndim != 2:
        raise UserError(f"The file needs the tensor {part!r} of one torch.nn.RNN, and has {len(names)} of that name.")
    return names[0]
