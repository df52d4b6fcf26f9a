"""What the worlds of real pictures share: files of JPEGs, decoded once, and networks that others trained."""

from __future__ import annotations

import hashlib
import io
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from fairfight.content import cached_folder, content_id
from fairfight.errors import UserError
from fairfight.seeds import torch_rng
from fairfight.subject.networks import build_network
from fairfight.subject.subject import Subject
from fairfight.subject.wrapping import wrap

IMAGENET_SCALE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and standard deviation a channel that networks trained on ImageNet, and some others, are used to."""


@cache
def decoded(file: Path) -> tuple[UInt8[np.ndarray, "n h w 3"], Int[np.ndarray, " n"]]:
    """Pictures and labels of an npz of JPEGs: ``data`` holds picture i at ``offsets[i]:offsets[i + 1]``, ``y`` labels.

    Decoding is done once for a content of the file; after that the pictures are mapped from the cache.

    Raises:
        UserError: The file is not there or is not such an npz.
    """
    if not file.is_file():
        raise UserError(f"{file} is not there: docs/real.md says what belongs in the folder of real data.")
    identity = content_id("pictures", hashlib.sha256(file.read_bytes()).hexdigest())

    def make(folder: Path) -> None:
        from PIL import Image

        try:
            with np.load(file, allow_pickle=False) as z:
                data, ends, labels = z["data"], z["offsets"], z["y"].astype(np.int64)
        except (ValueError, KeyError, OSError) as error:
            raise UserError(f"{file} is no npz with data, offsets and y: get it again.") from error
        pieces = (data[a:b].tobytes() for a, b in pairwise(ends))
        pictures = np.stack([np.asarray(Image.open(io.BytesIO(p)).convert("RGB")) for p in pieces])
        np.save(folder / "pictures.npy", pictures)
        np.save(folder / "labels.npy", labels)

    folder = cached_folder("pictures", identity, make)
    return np.load(folder / "pictures.npy", mmap_mode="r"), np.load(folder / "labels.npy")


def some(count: int, of: int, seed: int, label: str) -> Int[np.ndarray, " count"]:
    """Which ``count`` of so many, in an order drawn from the seed."""
    return torch.randperm(of, generator=torch_rng(seed, label))[:count].numpy()


def published(
    file: Path,
    architecture: str,
    classes: tuple[str, ...],
    *,
    channels: int,
    size: int,
    pixel_scale: tuple[tuple[float, ...], tuple[float, ...]] | None,
) -> Subject:
    """A network that somebody trained, from its weights in safetensors, in single precision.

    Raises:
        UserError: The weights are not there, or are of another architecture.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    module = build_network({"name": architecture, "channels": channels, "size": size, "classes": len(classes)})
    try:
        weights: dict[str, Tensor] = load_file(file)
        module.load_state_dict({name: w.float() if w.is_floating_point() else w for name, w in weights.items()})
    except FileNotFoundError as error:
        raise UserError(f"{file} is not there: docs/real.md says what belongs in the folder of real data.") from error
    except (SafetensorError, RuntimeError) as error:
        raise UserError(f"{file} does not hold the weights of a {architecture}: get it again.") from error
    # With channels innermost a pass over large pictures takes two thirds of the time on a CPU.
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return wrap(module, "image-classifier", name=architecture, classes=classes, pixel_scale=pixel_scale, check=False)
