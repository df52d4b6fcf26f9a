"""Seeds: every random draw descends from one number and a path of names, never from global state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairfight.content import content_id

if TYPE_CHECKING:
    import numpy as np
    import torch


def derive(seed: int | str, *path: Any) -> int:
    """A seed in [0, 2**31) for the branch ``path`` below ``seed``; different paths give unrelated seeds."""
    return int(content_id(seed, *path, length=16), 16) % 2**31


def numpy_rng(seed: int | str, *path: Any) -> np.random.Generator:
    """NumPy's generator for a branch."""
    import numpy as np

    return np.random.default_rng(derive(seed, *path))


def torch_rng(seed: int | str, *path: Any) -> torch.Generator:
    """Torch's generator (CPU) for a branch."""
    import torch

    return torch.Generator().manual_seed(derive(seed, *path))
