"""Activations in shuffled batches, from memory or from a file larger than memory.

A file is read in blocks of neighbouring rows, in an order drawn anew for each epoch. As many blocks as the allowed
memory holds are mixed row by row. The file is read and not mapped, so that what is held stays within that bound.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fairfight.errors import UserError, unknown
from fairfight.seeds import torch_rng

_TORCH = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
_NUMPY = {"<f8": torch.float64, "<f4": torch.float32, "<f2": torch.float16}
_BLOCK = 1 << 16
"""Bytes read at a stroke, about: enough that seeking costs little beside reading."""


@dataclass(frozen=True)
class Stored:
    """A table of activations in a file."""

    file: Path
    offset: int
    dtype: torch.dtype
    shape: tuple[int, ...]
    """The last dimension is the activation's; the others are rows."""


class Stream:
    """Shuffled batches of float32 rows; every row comes once an epoch.

    Args:
        source: A tensor in memory [..., d], or a table in a file (:meth:`open`).
        max_memory: Bytes that may be held at once; what is in memory already does not count.
        keep: Which rows to use, such as those of real tokens; all if not given.

    Raises:
        UserError: No rows, a mask of another size, or memory for less than a few rows.
    """

    def __init__(
        self, source: Tensor | Stored, *, max_memory: int = 1 << 28, keep: Bool[Tensor, " rows"] | None = None
    ) -> None:
        if len(source.shape) < 2:
            raise UserError(f"Activations must be a table of rows, not of shape {tuple(source.shape)}.")
        self.source = source.reshape(-1, source.shape[-1]) if isinstance(source, Tensor) else source
        self.d = int(source.shape[-1])
        self.rows = int(np.prod(source.shape[:-1]))
        self.keep = keep
        if keep is not None and keep.numel() != self.rows:
            raise UserError(f"The mask is for {keep.numel()} rows, and there are {self.rows} activations.")
        self.n = self.rows if keep is None else int(keep.sum())
        if not self.n:
            raise UserError("There are no activations to train on: give at least one row.")
        wide = 8 if isinstance(self.source, Stored) and self.source.dtype == torch.float64 else 4
        # At most three copies at once: what is read, what is mixed, and the batches cut from that.
        held = max_memory // (3 * wide * self.d)
        if held < 64 and not isinstance(source, Tensor):
            raise UserError(f"{max_memory} bytes hold fewer than 64 activations of length {self.d}: allow more memory.")
        self.held = self.rows if isinstance(source, Tensor) else min(held, self.rows)
        """Rows that are mixed with each other."""
        self.block = 1 if isinstance(source, Tensor) else max(1, min(_BLOCK // (wide * self.d), self.held // 16))

    @classmethod
    def open(
        cls,
        file: str | Path,
        site: str | None = None,
        *,
        max_memory: int = 1 << 28,
        keep: Bool[Tensor, " rows"] | None = None,
    ) -> Stream:
        """A stream from a safetensors file, such as :func:`fairfight.subject.harvest` leaves, or from a ``.npy`` file.

        Args:
            file: The file.
            site: Name of the tensor in it; not needed if there is one.
            max_memory: Bytes that may be held at once.
            keep: Which rows to use.

        Raises:
            UserError: The file is missing, cut short, or holds no such table of floating-point numbers.
        """
        file = Path(file)
        if not file.is_file():
            raise UserError(f"There is no file {file}: harvest activations into it first.")
        stored = _npy(file) if file.suffix == ".npy" else _safetensors(file, site)
        needed = stored.offset + stored.dtype.itemsize * int(np.prod(stored.shape))
        if file.stat().st_size < needed:
            raise UserError(f"{file} is cut short: it has {file.stat().st_size} bytes of {needed}; write it anew.")
        return cls(stored, max_memory=max_memory, keep=keep)

    @cached_property
    def _kept(self) -> Tensor:
        """How many rows of each block are used."""
        starts = torch.arange(0, self.rows, self.block)
        if self.keep is None:
            return (self.rows - starts).clamp_max(self.block)
        before = torch.cat([torch.zeros(1, dtype=torch.long), self.keep.long().cumsum(0)])
        return before[(starts + self.block).clamp_max(self.rows)] - before[starts]

    def batches(self, size: int, *, seed: int, epoch: int, start: int = 0) -> Iterator[Float[Tensor, "n d"]]:
        """The epoch's batches from number ``start`` on; the last may be smaller."""
        if isinstance(self.source, Tensor):
            chosen = torch.arange(self.rows) if self.keep is None else self.keep.flatten().nonzero().flatten()
            order = chosen[torch.randperm(len(chosen), generator=torch_rng(seed, "rows", epoch))]
            for rows in order[start * size :].split(size):
                yield self.source[rows].float()
            return
        blocks = torch.randperm(len(self._kept), generator=torch_rng(seed, "blocks", epoch))
        mixes = blocks.split(max(1, self.held // self.block))
        skip, left = start * size, torch.empty(0, self.d)
        for number, mix in enumerate(mixes):
            here = int(self._kept[mix].sum())
            if skip >= here:
                skip -= here
                continue
            rows = self._read(mix, seed, epoch, number)[skip:]
            skip = 0
            if len(left):
                more = size - len(left)
                left, rows = torch.cat([left, rows[:more]]), rows[more:]
                if len(left) < size:
                    continue
                yield left
            whole = len(rows) - len(rows) % size
            for at in range(0, whole, size):
                yield rows[at : at + size]
            left = rows[whole:].clone()
        if len(left):
            yield left

    def _read(self, mix: Tensor, seed: int, epoch: int, number: int) -> Float[Tensor, "n d"]:
        """The used rows of some blocks, mixed."""
        assert isinstance(self.source, Stored)
        where, dtype = self.source, self.source.dtype
        row = self.d * dtype.itemsize
        sizes = [min(self.block, self.rows - int(b) * self.block) for b in mix]
        raw = bytearray(sum(sizes) * row)
        view, at, used = memoryview(raw), 0, []
        with open(where.file, "rb", buffering=0) as f:
            for b, size in zip(mix.tolist(), sizes, strict=True):
                f.seek(where.offset + b * self.block * row)
                part = view[at : at + size * row]
                if f.readinto(part) != len(part):
                    raise UserError(f"{where.file} was cut short while it was read: write it anew.")
                at += size * row
                if self.keep is not None:
                    used.append(self.keep.flatten()[b * self.block : b * self.block + size])
        rows = torch.frombuffer(raw, dtype=dtype).view(-1, self.d)
        order = torch.arange(len(rows)) if self.keep is None else torch.cat(used).nonzero().flatten()
        order = order[torch.randperm(len(order), generator=torch_rng(seed, "rows", epoch, number))]
        return rows[order].float()


def _safetensors(file: Path, site: str | None) -> Stored:
    try:
        with open(file, "rb") as f:
            length = int.from_bytes(f.read(8), "little")
            if not 0 < length < min(file.stat().st_size, 1 << 27):
                raise ValueError("no header")
            header = json.loads(f.read(length))
        header.pop("__metadata__", None)
    except (OSError, ValueError) as error:
        raise UserError(f"{file} is no safetensors file, or is cut short: write it anew.") from error
    if site is None and len(header) == 1:
        site = next(iter(header))
    if site not in header:
        raise unknown(f"tensor in {file.name}", str(site), header)
    entry = header[site]
    if entry["dtype"] not in _TORCH:
        raise UserError(f"{site!r} in {file} is no table of floating-point numbers ({entry['dtype']}).")
    return Stored(file, 8 + length + entry["data_offsets"][0], _TORCH[entry["dtype"]], tuple(entry["shape"]))


def _npy(file: Path) -> Stored:
    try:
        table = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{file} is no NumPy file that can be read without running code ({error}).") from error
    if table.dtype.str not in _NUMPY or not table.flags.c_contiguous:
        raise UserError(f"{file} must hold floating-point numbers row by row, not {table.dtype} in another order.")
    return Stored(file, int(table.offset), _NUMPY[table.dtype.str], tuple(table.shape))
