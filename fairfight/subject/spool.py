"""Tensors too large for memory, filled batch by batch in one safetensors file that is mapped, never half-written."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import Tensor

from fairfight.errors import UserError

_DTYPES = {
    torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip
_ALIGN = 64
_SMALL = 1 << 24


def too_large(size: int, limit: int | None = None) -> bool:
    """Whether so many bytes should go to disk: above the limit, by default a quarter of the memory that is free now."""
    if limit is not None:
        return size > limit
    # Asking the system takes longer than a small harvest.
    return size > _SMALL and size > int(psutil.virtual_memory().available) // 4


class Spool:
    """Tensors of known shape that arrive in pieces along their first dimension."""

    def __init__(self, shapes: dict[str, tuple[torch.dtype, tuple[int, ...]]], folder: str | Path | None) -> None:
        """Reserve the room.

        Args:
            shapes: Type and full shape by name.
            folder: Where ``activations.safetensors`` is to be; None for a temporary folder that goes with the tensors.

        Raises:
            UserError: The folder cannot be written or its disk is too full.
        """
        self._temporary = folder is None
        place = Path(folder or tempfile.gettempdir())
        header: dict[str, Any] = {}
        offset = 0
        # Widest types first keeps every tensor aligned to its own size.
        for name, (dtype, shape) in sorted(shapes.items(), key=lambda item: -item[1][0].itemsize):
            size = dtype.itemsize * torch.Size(shape).numel()
            header[name] = {"dtype": _DTYPES[dtype], "shape": list(shape), "data_offsets": [offset, offset + size]}
            offset += size
        text = json.dumps(header).encode()
        text += b" " * (-(8 + len(text)) % _ALIGN)
        start = 8 + len(text)
        try:
            place.mkdir(parents=True, exist_ok=True)
            self._work = Path(tempfile.mkdtemp(prefix=".fairfight-harvest-", dir=place))
            self._part = self._work / "activations.safetensors"
            with open(self._part, "wb") as f:
                f.write(len(text).to_bytes(8, "little") + text)
                f.flush()
                # Real blocks now: a disk that fills up later would kill the process that writes to the map.
                os.posix_fallocate(f.fileno(), 0, start + offset)
        except OSError as error:
            if hasattr(self, "_work"):
                shutil.rmtree(self._work, ignore_errors=True)
            raise UserError(
                f"Activations need {offset / 1e9:.2g} GB in {place}, which cannot be written ({error.strerror}): "
                "free some space there or give another folder."
            ) from error
        self._final = self._part if folder is None else place / "activations.safetensors"
        raw = torch.from_file(str(self._part), shared=True, size=start + offset, dtype=torch.uint8)
        self._tensors = {}
        for name, (dtype, shape) in shapes.items():
            a, b = (start + x for x in header[name]["data_offsets"])
            self._tensors[name] = raw[a:b].view(dtype).view(shape)
        self._row = 0

    def append(self, rows: dict[str, Tensor]) -> None:
        """The next rows of every tensor."""
        n = len(next(iter(rows.values())))
        for name, x in rows.items():
            self._tensors[name][self._row : self._row + n] = x
        self._row += n

    def close(self) -> tuple[dict[str, Tensor], Path]:
        """The mapped tensors and the file they are in, now under its final name."""
        if self._temporary:
            storage = next(iter(self._tensors.values())).untyped_storage()
            weakref.finalize(storage, shutil.rmtree, str(self._work), ignore_errors=True)
        else:
            os.replace(self._part, self._final)
            self._work.rmdir()
        return self._tensors, self._final

    def discard(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._work, ignore_errors=True)
