"""Formulas for what operations cost, by operator; :mod:`fairfight.arena.flops` has the rules around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, log2, prod
from typing import Any

from torch import Tensor

Price = Callable[..., int]
"""``price(out, *args, **kwargs)`` of one call."""

FORMULAS: dict[str, Price] = {}
"""By the operator's name without overload."""


def formula(*names: str) -> Callable[[Price], Price]:
    """Register a price for operators by name."""

    def decorate(price: Price) -> Price:
        FORMULAS.update(dict.fromkeys(names, price))
        return price

    return decorate


def log2_steps(n: int) -> int:
    """Comparisons a number when n are sorted; at least one."""
    return max(1, ceil(log2(n))) if n > 1 else 1


# Products


@formula("mm", "_int_mm")
def _mm(out: Any, a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    return 2 * a.numel() * b.shape[1]


@formula("addmm", "_addmm_activation", "addbmm")
def _addmm(out: Any, bias: Tensor, a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    return 2 * a.numel() * b.shape[-1]


@formula("bmm")
def _bmm(out: Any, a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    return 2 * a.numel() * b.shape[2]


@formula("baddbmm")
def _baddbmm(out: Any, bias: Tensor, a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    return 2 * a.numel() * b.shape[2]


@formula("mv", "dot", "vdot")
def _mv(out: Any, a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    return 2 * a.numel()


@formula("addmv")
def _addmv(out: Any, bias: Tensor, a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    return 2 * a.numel()


@formula("_grouped_mm")
def _grouped_mm(out: Tensor, a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    # Rows of ``a`` are dealt to groups, so that each meets one matrix of ``b``.
    return 2 * a.numel() * b.shape[-1]


@formula("_trilinear")
def _trilinear(out: Tensor, a: Tensor, b: Tensor, c: Tensor, *_: Any, **__: Any) -> int:
    return 2 * out.numel() * a.shape[-1] * c.shape[-1]


def _convolve(x: Tensor, weight: Tensor, y: Tensor, transposed: bool) -> int:
    # Each place of the kernel's grid meets one filter: output places, or input places where transposed.
    places = prod((x if transposed else y).shape[2:])
    return int(2 * x.shape[0] * places * weight.numel())


@formula("convolution", "_convolution", "convolution_overrideable", "cudnn_convolution", "mkldnn_convolution")
def _convolution(
    out: Tensor, x: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any,
    transposed: bool = False, *_: Any, **__: Any,
) -> int:  # fmt: skip
    return _convolve(x, weight, out, transposed)


@formula("convolution_backward")
def _convolution_backward(
    out: Any, grad: Tensor, x: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int, output_mask: Sequence[bool],
) -> int:  # fmt: skip
    # Gradients of input and weight each take as many products as the forward pass.
    return _convolve(x, weight, grad, transposed) * (output_mask[0] + output_mask[1])


def _attention(query: Tensor, key: Tensor, value: Tensor) -> int:
    # Scores, then their average of values. The mask saves nothing here: it must not decide what a match costs.
    return 2 * prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])


@formula(
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_fused_attention_overrideable",
)
def _sdpa(out: Any, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    return _attention(query, key, value)


@formula(
    "_scaled_dot_product_flash_attention_for_cpu_backward",
    "_scaled_dot_product_flash_attention_backward",
    "_scaled_dot_product_efficient_attention_backward",
    "_scaled_dot_product_cudnn_attention_backward",
    "_scaled_dot_product_fused_attention_overrideable_backward",
)
def _sdpa_backward(out: Any, grad: Tensor, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    # Scores once more, then the gradients of values, weights, queries and keys: five products for two.
    n = prod(query.shape[:-1]) * key.shape[-2]
    return 2 * n * (3 * query.shape[-1] + 2 * value.shape[-1])


@formula("_native_multi_head_attention")
def _native_attention(
    out: Any, query: Tensor, key: Tensor, value: Tensor, width: int, heads: int, *_: Any, **__: Any
) -> int:
    projections = 2 * width * width * (query.shape[0] * (2 * query.shape[1] + key.shape[1] + value.shape[1]))
    return int(projections + 4 * query.shape[0] * query.shape[1] * key.shape[1] * width)


@formula("_transformer_encoder_layer_fwd")
def _encoder_layer(
    out: Any, x: Tensor, width: int, heads: int, qkv: Tensor, qkv_bias: Any, proj: Tensor, proj_bias: Any,
    gelu: bool, norm_first: bool, eps: float, n1: Any, b1: Any, n2: Any, b2: Any, up: Tensor, up_bias: Any,
    down: Tensor, *_: Any, **__: Any,
) -> int:  # fmt: skip
    tokens = x.numel() // width
    weights = qkv.numel() + proj.numel() + up.numel() + down.numel()
    return int(2 * tokens * weights + 4 * tokens * x.shape[-2] * width)


@formula("mkldnn_rnn_layer")
def _rnn_layer(out: Any, x: Tensor, w0: Tensor, w1: Tensor, *_: Any, **__: Any) -> int:
    return 2 * x.shape[0] * x.shape[1] * (w0.numel() + w1.numel())


@formula("_cudnn_rnn")
def _cudnn_rnn(out: Any, x: Tensor, weights: Sequence[Tensor], *_: Any, **__: Any) -> int:
    return 2 * x.shape[0] * x.shape[1] * sum(w.numel() for w in weights)


# Distances


@formula("_cdist_forward")
def _cdist(out: Tensor, x: Tensor, y: Tensor, *_: Any, **__: Any) -> int:
    return 3 * out.numel() * x.shape[-1]


@formula("_cdist_backward")
def _cdist_backward(out: Tensor, grad: Tensor, x: Tensor, y: Tensor, *_: Any, **__: Any) -> int:
    return 3 * grad.numel() * x.shape[-1]


@formula("_pdist_forward")
def _pdist(out: Tensor, x: Tensor, *_: Any, **__: Any) -> int:
    return 3 * out.numel() * x.shape[-1]


# Decompositions


def _sides(a: Tensor) -> tuple[int, int, int]:
    """How many matrices, their longer and their shorter side."""
    return prod(a.shape[:-2]), max(a.shape[-2:]), min(a.shape[-2:])


@formula("linalg_cholesky_ex", "cholesky", "linalg_ldl_factor_ex")
def _cholesky(out: Any, a: Tensor, *_: Any, **__: Any) -> int:
    batch, n, _n = _sides(a)
    return max(1, batch * n**3 // 3)


@formula("linalg_lu", "linalg_lu_factor_ex", "_linalg_det", "_linalg_slogdet", "cholesky_inverse")
def _lu(out: Any, a: Tensor, *_: Any, **__: Any) -> int:
    batch, m, n = _sides(a)
    return int(max(1, batch * n**2 * (3 * m - n) // 3))


@formula("linalg_inv_ex")
def _inv(out: Any, a: Tensor, *_: Any, **__: Any) -> int:
    batch, n, _n = _sides(a)
    return int(2 * batch * n**3)


@formula("_linalg_solve_ex")
def _solve(out: Any, a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    return int(_lu(out, a) + 2 * a.shape[-1] * out[0].numel())


@formula("linalg_lu_solve")
def _lu_solve(out: Tensor, lu: Tensor, *_: Any, **__: Any) -> int:
    return 2 * lu.shape[-1] * out.numel()


@formula("cholesky_solve")
def _cholesky_solve(out: Tensor, b: Tensor, a: Tensor, *_: Any, **__: Any) -> int:
    return 2 * a.shape[-1] * out.numel()


@formula("linalg_solve_triangular")
def _solve_triangular(out: Tensor, a: Tensor, *_: Any, **__: Any) -> int:
    return a.shape[-1] * out.numel()


@formula("triangular_solve")
def _triangular_solve(out: Any, b: Tensor, a: Tensor, *_: Any, **__: Any) -> int:
    return int(a.shape[-1] * out[0].numel())


@formula("linalg_qr", "geqrf", "linalg_householder_product", "ormqr")
def _qr(out: Any, a: Tensor, *_: Any, **__: Any) -> int:
    batch, m, n = _sides(a)
    return int(batch * 4 * n**2 * (3 * m - n) // 3)


@formula("linalg_lstsq")
def _lstsq(out: Any, a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    return _qr(out, a) + 4 * a.shape[-1] * b.numel()


@formula("_linalg_svd")
def _svd(out: Any, a: Tensor, full: bool = False, compute_uv: bool = True, **_: Any) -> int:
    batch, m, n = _sides(a)
    return batch * (6 * m * n**2 + 20 * n**3) if compute_uv else max(1, batch * 4 * n**2 * (3 * m - n) // 3)


@formula("_linalg_eigh")
def _eigh(out: Any, a: Tensor, uplo: str = "L", compute_v: bool = True, **_: Any) -> int:
    batch, n, _n = _sides(a)
    return batch * 9 * n**3 if compute_v else max(1, batch * 4 * n**3 // 3)


@formula("linalg_eig")
def _eig(out: Any, a: Tensor, *_: Any, **__: Any) -> int:
    batch, n, _n = _sides(a)
    return int(25 * batch * n**3)


@formula("linalg_eigvals", "_linalg_eigvals")
def _eigvals(out: Any, a: Tensor, *_: Any, **__: Any) -> int:
    batch, n, _n = _sides(a)
    return int(10 * batch * n**3)


@formula("linalg_matrix_exp")
def _matrix_exp(out: Any, a: Tensor, *_: Any, **__: Any) -> int:
    batch, n, _n = _sides(a)
    return int(20 * batch * n**3)


# Order, spectrum, picking


@formula("sort", "median", "nanmedian", "mode")
def _sort(out: Any, x: Tensor, *args: Any, dim: int | None = None, **_: Any) -> int:
    if dim is None and args:
        dim = args[0]
    if dim is None and not isinstance(out, tuple):
        return x.numel() * log2_steps(x.numel())
    return x.numel() * log2_steps(x.shape[-1 if dim is None else dim] if x.dim() else 1)


@formula("topk", "kthvalue")
def _topk(out: Any, x: Tensor, k: int, dim: int = -1, *_: Any, **__: Any) -> int:
    return x.numel() * log2_steps(x.shape[dim] if x.dim() else 1)


@formula("_unique2", "unique_dim", "_unique", "unique_consecutive")
def _unique(out: Any, x: Tensor, *_: Any, **__: Any) -> int:
    return x.numel() * log2_steps(x.numel())


@formula("searchsorted")
def _searchsorted(out: Tensor, edges: Tensor, *_: Any, **__: Any) -> int:
    return out.numel() * log2_steps(edges.shape[-1])


@formula("bucketize")
def _bucketize(out: Tensor, x: Any, edges: Tensor, *_: Any, **__: Any) -> int:
    return out.numel() * log2_steps(edges.shape[-1])


@formula("_fft_r2c", "_fft_c2r", "_fft_c2c")
def _fft(out: Tensor, x: Tensor, dims: Sequence[int], *_: Any, **__: Any) -> int:
    numbers = max(x.numel(), out.numel())
    length = prod(max(x.shape[d], out.shape[d]) for d in dims)
    return 5 * numbers * log2_steps(length)


@formula("embedding", "index", "index_select", "gather", "take", "select_copy", "slice_copy", "masked_select")
def _pick(out: Tensor, *_: Any, **__: Any) -> int:
    return out.numel()


@formula("_embedding_bag", "_embedding_bag_forward_only")
def _embedding_bag(out: Any, weight: Tensor, indices: Tensor, *_: Any, **__: Any) -> int:
    return indices.numel() * weight.shape[-1]


@formula("_embedding_bag_per_sample_weights_backward")
def _embedding_bag_products(out: Tensor, grad: Tensor, *_: Any, **__: Any) -> int:
    return 2 * out.numel() * grad.shape[-1]


@formula("_fused_adam_", "_fused_adamw_")
def _fused_adam(out: Any, params: Sequence[Tensor], *_: Any, **__: Any) -> int:
    return 12 * sum(p.numel() for p in params)
