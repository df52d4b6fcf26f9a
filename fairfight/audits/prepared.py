"""A module behind the function that prepares its inputs."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn


class Prepared(nn.Module):
    """Takes pictures in [0, 1], whatever the module inside takes."""

    def __init__(self, inner: nn.Module, prepare: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.inner = inner
        self.prepare = prepare

    def forward(self, pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """The module's logits."""
        found: Tensor = self.inner(self.prepare(pixels))
        return found
