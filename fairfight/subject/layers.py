"""The anatomy of any module that is no transformer of a known family: its submodules, as one run shows them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn

from fairfight.errors import UserError, unknown
from fairfight.subject.sites import Anatomy, Site


def layers_anatomy(module: nn.Module, example: Tensor, trunk: tuple[str, ...] | None = None) -> Anatomy:
    """Run a module once and name every submodule that ran once and gave a tensor, in the order in which they ended.

    A submodule that runs several times (one ReLU object used after each layer) would be ambiguous and is left out.

    Args:
        module: Any module, called with ``example``.
        example: A batch as the module takes it.
        trunk: Paths of the stages, shallow to deep; by default the module's own ``stages`` attribute, or a guess.

    Raises:
        UserError: The module cannot be run on the example, or has no such stage.
    """
    runs: Counter[str] = Counter()
    outputs: dict[str, tuple[Tensor, int]] = {}

    def watch(path: str) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            runs[path] += 1
            if isinstance(output, Tensor):
                outputs[path] = (output, output._version)

        return hook

    named = [(path, m) for path, m in module.named_modules() if path]
    handles = [m.register_forward_hook(watch(path)) for path, m in named]
    try:
        with torch.no_grad():
            module(example)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        shape = tuple(example.shape)
        raise UserError(f"{type(module).__name__} cannot be run on inputs of shape {shape}: {error}") from error
    finally:
        for handle in handles:
            handle.remove()
    once = [path for path in outputs if runs[path] == 1 and outputs[path][0].ndim > 1]
    sites = {
        f"layers.{path}": Site(f"layers.{path}", path, overwritten=outputs[path][0]._version != outputs[path][1])
        for path in once
    }
    chosen = trunk if trunk is not None else tuple(getattr(module, "stages", ())) or _stages(module, once)
    for path in chosen:
        if path not in once:
            raise unknown("stage", path, once)
    return Anatomy("layers", sites, tuple(f"layers.{path}" for path in chosen), "space")


def _stages(module: nn.Module, ran: list[str]) -> tuple[str, ...]:
    """A guess: the outermost level with at least two blocks, else with layers only; the last one is the head."""
    prefix = ""
    while True:
        level = [p for p in ran if p.startswith(prefix) and "." not in p[len(prefix) :]]
        blocks = [p for p in level if any(module.get_submodule(p).children())]
        if len(blocks) > 1:
            return tuple(p for p in blocks if p != ran[-1])
        if len(blocks) == 1 and blocks[0] != prefix[:-1]:
            inner = f"{blocks[0]}."
            if any(p.startswith(inner) for p in ran):
                prefix = inner
                continue
        return tuple(p for p in level if p != ran[-1]) or tuple(level)
