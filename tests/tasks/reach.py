"""What can be got at from an object: how tests look for answers within a contender's reach."""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator
from typing import Any

import torch


def reachable(root: Any) -> Iterator[Any]:
    """Everything that can be got from ``root`` by following references, code and types apart."""
    seen, todo = set(), [root]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(
            thing, (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
        ):
            continue
        seen.add(id(thing))
        yield thing
        todo += gc.get_referents(thing)
        if isinstance(thing, torch.Tensor) and thing._base is not None:
            todo.append(thing._base)


def memory(root: Any) -> dict[int, int]:
    """Address and size of every tensor's storage within reach."""
    tensors = [t for t in reachable(root) if isinstance(t, torch.Tensor)]
    return {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors if t.numel()}
