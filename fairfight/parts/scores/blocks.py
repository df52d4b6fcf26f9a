"""What of a transformer's block depends on its heads' values, as one pass shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.subject.subject import Subject


@dataclass
class Block:
    """One block and what was seen in it."""

    path: str
    module: nn.Module
    projection: nn.Module
    """Takes the heads' values, side by side."""
    projected: Tensor = field(init=False)
    """What it gave, [n, tokens, d]."""
    out: Tensor = field(init=False)
    """The stream that left the block."""
    carrier: nn.Module = field(init=False)
    """The largest part of the block that gives just what the projection gives: most often the whole attention."""
    rest: tuple[Any, ...] | None = None
    """What the carrier gives besides, if it gives a tuple."""
    before: list[tuple[nn.Module, torch.Size]] = field(default_factory=list)
    """Parts outside the carrier that end before it, with the shape of what they give."""
    tokenwise: list[nn.Module] = field(default_factory=list)
    """The projection, and parts that begin after it: they look at each token alone."""

    @property
    def keeps_hooks(self) -> bool:
        """Whether somebody edits what the projection gives."""
        return bool(self.projection._forward_hooks)

    def weight(self) -> Float[Tensor, "inside d"]:
        """What each value that comes in adds to the projection's output, whatever kind of layer it is."""
        inside = getattr(self.projection, "in_features", None) or self.projected.shape[-1]
        one = torch.eye(int(inside), dtype=self.projected.dtype, device=self.projected.device)
        weight: Tensor = self.projection.forward(one) - self.projection.forward(torch.zeros_like(one[:1]))
        return weight


@contextmanager
def watched(subject: Subject, depth: int) -> Iterator[list[Block]]:
    """Blocks that fill themselves in from the one call made inside."""
    blocks = []
    with torch.no_grad():
        for i in range(depth):
            path = subject.site(f"blocks.{i}.resid_post").module
            projection = subject.module.get_submodule(subject.site(f"blocks.{i}.heads").module)
            blocks.append(Block(path, subject.module.get_submodule(path), projection))
        watchers = [_Watcher(block) for block in blocks]
        try:
            yield blocks
        finally:
            for watcher in watchers:
                watcher.leave()
        for watcher in watchers:
            watcher.conclude()


class _Watcher:
    """Notes when the parts of a block begin and end."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.began: dict[str, int] = {}
        self.ended: dict[str, int] = {}
        self.given: dict[str, Any] = {}
        self.clock = 0
        # Before ours are there.
        self.edited = {name for name, part in block.module.named_modules() if part._forward_hooks}
        self.handles = []
        for name, part in block.module.named_modules():
            self.handles.append(part.register_forward_pre_hook(self._begin(name)))
            self.handles.append(part.register_forward_hook(self._end(name)))
            if part is block.projection:
                self.name = name

    def _begin(self, name: str) -> Any:
        def hook(_part: nn.Module, _args: Any) -> None:
            self.clock += 1
            self.began[name] = self.clock

        return hook

    def _end(self, name: str) -> Any:
        def hook(_part: nn.Module, args: Any, output: Any) -> None:
            self.clock += 1
            self.ended[name], self.given[name] = self.clock, output
            if name == self.name:
                # Not what edits have made of it.
                self.block.projected = self.block.projection.forward(*args) if name in self.edited else output

        return hook

    def leave(self) -> None:
        for handle in self.handles:
            handle.remove()

    def conclude(self) -> None:
        """Sort the parts by when they ran."""
        block, parts = self.block, dict(self.block.module.named_modules())
        carrier = self.name
        above = self.name
        while above := above.rpartition(".")[0]:
            if any(_within(name, above) for name in self.edited) or above not in self.given:
                break
            given = self.given[above]
            if (given[0] if isinstance(given, tuple) else given) is not block.projected:
                break
            carrier = above
        block.carrier = parts[carrier]
        given = self.given[carrier]
        block.rest = tuple(given[1:]) if isinstance(given, tuple) else None
        out = self.given[""]
        block.out = out[0] if isinstance(out, tuple) else out
        early = [n for n in self.ended if self.ended[n] < self.began[carrier]]
        late = [n for n in self.began if n in self.ended and self.began[n] > self.ended[carrier]]
        block.before = [(parts[n], self.given[n].shape) for n in _outermost(early) if isinstance(self.given[n], Tensor)]
        block.tokenwise = [block.projection, *(parts[n] for n in _outermost(late))]
        self.given.clear()


def _within(name: str, above: str) -> bool:
    return name == above or name.startswith(f"{above}.")


def _outermost(names: list[str]) -> list[str]:
    return [n for n in names if not any(n != other and _within(n, other) for other in names)]
