"""What decides the cost of a call, apart from code: shapes, options, and whether anything else is at work."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch._C import _len_torch_dispatch_stack, _len_torch_function_stack
from torch._C._functorch import maybe_current_level
from torch.autograd import forward_ad
from torch.nn.modules import module as module_globals

if TYPE_CHECKING:
    from torch.optim import Optimizer

PLAIN = frozenset((type(None), bool, int, float, str, torch.dtype, torch.device, torch.Size))
UNSTEADY = ("Moe", "MoE", "Expert", "Router", "AdaptiveLogSoftmax", "TransformerEncoder", "CTCLoss")
"""In the name of a library's module whose work depends on the values that come in."""


class Uncertain(Exception):
    """Something in a call may decide its cost and is no tensor or plain value."""


def key_of_step(optimizer: Optimizer) -> Hashable:
    """What decides a step's cost: the options that are in use, and each weight's size, gradient and state."""
    key: list[Hashable] = [id(type(optimizer))]
    for group in optimizer.param_groups:
        for name, value in group.items():
            if name != "params":
                key.append(value if value is None or isinstance(value, bool) else _is_used(value))
        for p in group["params"]:
            state = optimizer.state.get(p)
            key.append((p.numel(), p.grad is None, 0 if state is None else sum(v is not None for v in state.values())))
    return tuple(key)


def _is_used(value: Any) -> Hashable:
    # A rate of 0 leaves its term out; a tensor takes other operators than a number.
    return "tensor" if isinstance(value, Tensor) else value != 0


def has_hooks(own: dict[str, Any]) -> bool:
    """Whether a module whose ``__dict__`` this is has hooks of its own."""
    return bool(
        own["_forward_hooks"] or own["_forward_pre_hooks"] or own["_backward_hooks"] or own["_backward_pre_hooks"]
    )


def is_strange() -> bool:
    """Whether something is at work that hides a call's true shapes or adds to what it does."""
    return (
        _len_torch_dispatch_stack() != 1
        or _len_torch_function_stack() != 0
        or maybe_current_level() is not None
        or forward_ad._current_level >= 0
        or torch._C._get_tracing_state() is not None
        or bool(module_globals._global_forward_hooks or module_globals._global_forward_pre_hooks)
        or bool(module_globals._global_backward_hooks or module_globals._global_backward_pre_hooks)
    )


def is_from_library(kind: type) -> bool:
    """Whether torch.nn or transformers defines the type, and its work depends on shapes alone."""
    home = kind.__module__
    if not home.startswith(("torch.nn.modules.", "transformers.")) or any(n in kind.__name__ for n in UNSTEADY):
        return False
    # A class made on the fly (by parametrisation, say) may call anything.
    return getattr(sys.modules.get(home), kind.__qualname__, None) is kind


def key_of_value(value: Any, grad: bool) -> Hashable:
    """What of a value that goes into or comes out of a module decides what is done with it.

    Args:
        value: A tensor, a plain value, or a list, tuple or dict of such.
        grad: Whether gradients are being tracked.

    Raises:
        Uncertain: It is something else.
    """
    kind = type(value)
    if kind is Tensor or kind is nn.Parameter:
        return value.shape, value.stride(), value.dtype, grad and value.requires_grad
    if kind in PLAIN:
        return kind, value
    if kind is tuple or kind is list:
        return kind, tuple(key_of_value(v, grad) for v in value)
    if isinstance(value, dict):
        return kind, tuple((k, key_of_value(v, grad)) for k, v in value.items())
    raise Uncertain
