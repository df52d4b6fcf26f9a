"""What a torch operation costs, in floating-point operations.

The rules, in the order in which they are tried:

1. A formula, where one is known: products count a multiplication and an addition a term; decompositions count their
   leading terms (Golub and Van Loan, *Matrix Computations*, 4th ed.); sorting n numbers n log2 n; an FFT 5 n log2 n.
2. Views, metadata and fresh memory are free.
3. Everything else costs one operation for each element of the largest thing it reads or writes (a list of tensors
   counts together); what picks elements by an index costs one for each element picked.

``torch.utils.flop_counter`` has the same formulas for products; those here read shapes without walking trees, count
grouped convolutions' backward pass right, and cover attention on the CPU. Its other formulas are taken as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.utils.flop_counter import flop_registry

from fairfight.arena.formulas import FORMULAS, Price

# Memory, metadata and questions to torch.
# fmt: off
ALLOCATIONS = frozenset({
    "empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided", "zeros",
    "zeros_like", "new_zeros", "ones", "ones_like", "new_ones", "full", "full_like", "new_full", "scalar_tensor",
    "_efficientzerotensor", "resize_", "set_", "_unsafe_view", "_reshape_alias", "lift", "lift_fresh_copy",
    "_local_scalar_dense", "is_same_size", "is_contiguous", "is_strides_like_format",
    "is_non_overlapping_and_dense", "size", "stride", "storage_offset", "numel", "dim", "sym_size", "sym_stride",
    "sym_numel", "sym_storage_offset", "sym_is_contiguous", "layout", "device", "record_stream", "_assert_async",
    "_has_compatible_shallow_copy_type", "_fused_sdp_choice", "is_pinned", "_pin_memory",
})
# fmt: on


def _elements(x: Any) -> int:
    if isinstance(x, Tensor):
        return x.numel()
    return sum(_elements(y) for y in x) if isinstance(x, (list, tuple)) else 0


def by_elements(out: Any, *args: Any, **kwargs: Any) -> int:
    """One operation for each element of the largest thing read or written."""
    largest = 0
    outs = out if isinstance(out, tuple) else (out,)
    for x in (*outs, *args):
        if isinstance(x, (Tensor, list, tuple)) and (n := _elements(x)) > largest:
            largest = n
    return largest


def _of_torch(known: Callable[..., Any]) -> Price:
    return lambda out, *args, **kwargs: int(known(*args, **kwargs, out_val=out))


def price_of(operator: Any) -> Price | None:
    """How an operator is priced; None where it is free.

    Args:
        operator: An ``OpOverload``, as a ``TorchDispatchMode`` is given it.
    """
    packet = operator.overloadpacket
    name = operator._schema.name.split("::")[1]
    if name in FORMULAS:
        return FORMULAS[name]
    if packet in flop_registry:
        return _of_torch(flop_registry[packet])
    if name in ALLOCATIONS:
        return None
    returns = operator._schema.returns
    if returns and all(r.alias_info is not None and not r.alias_info.is_write for r in returns):
        return None
    return by_elements
