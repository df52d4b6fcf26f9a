"""Tensors and a few plain facts in one safetensors file, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from fairfight.errors import UserError


def write(file: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write beside the file first and move it there when it is whole.

    Raises:
        UserError: The file cannot be written.
    """
    from safetensors.torch import save_file

    part = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        plain = {name: x.detach().contiguous().clone() for name, x in tensors.items()}
        save_file(plain, str(part), metadata={key: json.dumps(value) for key, value in about.items()})
        os.replace(part, file)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or error
        raise UserError(f"{file} cannot be written ({reason}): free some space or choose another.") from error


def read(file: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, in memory of their own, and the facts.

    Raises:
        UserError: There is no such file, or it is damaged.
    """
    from safetensors import SafetensorError, safe_open

    if not file.is_file():
        raise UserError(f"There is no file {file}: check the path.")
    try:
        with safe_open(str(file), framework="pt") as f:
            tensors = {name: f.get_tensor(name).clone() for name in f.keys()}  # noqa: SIM118  (no mapping)
            facts = f.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise UserError(f"{file} is cut short or no safetensors file ({error}): fetch or save it anew.") from error
    about: dict[str, Any] = {}
    for key, value in facts.items():
        try:
            about[key] = json.loads(value)
        except ValueError:
            about[key] = value
    return tensors, about
