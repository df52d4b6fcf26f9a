"""A model folder's files, looked at before anything is loaded from them: is all there, whole, and nothing that runs?"""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fairfight.errors import UserError

_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill", ".h5", ".msgpack")


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        UserError: The file is missing, is no JSON, or holds no object.
    """
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{file.parent} has no {file.name}: a model folder needs one.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read as JSON ({error}): fetch or write it again.") from error
    if not isinstance(value, dict):
        raise UserError(f"{file} must hold a JSON object: fetch or write it again.")
    return value


def check_weight_files(folder: Path) -> None:
    """Make sure that there are whole weights, as safetensors or as a torch file that the weights-only loader takes.

    Raises:
        UserError: They are missing, cut off, or a pickle.
    """
    if safe := sorted(folder.glob("*.safetensors")):
        for file in safe:
            _check_safetensors(file)
        return
    torch_files = sorted(folder.glob("pytorch_model*.bin"))
    for file in torch_files:
        _check_torch_file(file)
    if torch_files:
        return
    if pickles := sorted(f.name for f in folder.iterdir() if f.suffix in _PICKLES or f.suffix == ".bin"):
        raise UserError(
            f"{folder} has its weights only as {pickles[0]}, which may run code when opened: save them as safetensors."
        )
    raise UserError(f"{folder} holds no weights: put a model.safetensors there.")


def _check_safetensors(file: Path) -> None:
    """The header says where each tensor ends; a file that ends earlier was cut off."""
    size = file.stat().st_size
    try:
        with open(file, "rb") as f:
            (length,) = struct.unpack("<Q", f.read(8))
            if length > size:
                raise ValueError("header")
            header = json.loads(f.read(length))
        end = max((t["data_offsets"][1] for k, t in header.items() if k != "__metadata__"), default=0)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file} is no whole safetensors file (bad header): fetch or save it again.") from error
    if size != 8 + length + end:
        raise UserError(
            f"{file} has {size:,} bytes where its header says {8 + length + end:,}: it was cut off; fetch it again."
        )


def _check_torch_file(file: Path) -> None:
    try:
        torch.load(file, map_location="meta", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{file} is a pickle with more in it than weights, which may run code when opened: save it as safetensors."
        ) from error
    except (RuntimeError, EOFError, ValueError, OSError) as error:
        raise UserError(f"{file} is no whole torch file: fetch or save it again.") from error


def check_finite(name: str, module: nn.Module) -> None:
    """Make sure that no weight is NaN or infinite.

    Raises:
        UserError: Names the first tensor that has one.
    """
    for path, tensor in module.state_dict().items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise UserError(f"{name} has NaN or infinite weights in {path}: mend or train it again.")
