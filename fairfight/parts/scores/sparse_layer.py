"""Sparse decision layers (Wong et al. 2021) as a score: the few units from which what is decided can be read."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.training import decide
from fairfight.parts.bases.positions import rows
from fairfight.parts.scores.codes import codes_of
from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.scores.elastic_net import SparseLayer, path, penalties
from fairfight.subject.inputs import Inputs


def sparse_layer(contrast: Contrast, *, mix: float = 0.99, agreement: float = 0.95) -> Float[Tensor, " k"]:
    """What a unit does for the fault in a sparse layer that decides as the subject does.

    The layer is fitted to the subject's own decisions on ``faulty`` and ``clean``, from codes where the subject decides
    (the last or first token, or their mean over space). At the last site of the trunk it takes the place of the
    subject's output head. At any other site it shows from which units the decision can be read already, which need not
    be those that the subject reads it from.

    Args:
        contrast: Where to look.
        mix: Share of the absolute weights in the penalty.
        agreement: The sparsest layer is taken that decides like the subject on this share of the inputs.

    Raises:
        UserError: The subject decides the same on all inputs.
    """
    parts = (contrast.faulty.inputs, contrast.clean.inputs)
    codes = [_codes(contrast, inputs) for inputs in parts]
    decided = torch.cat([decide(contrast.subject, inputs) for inputs in parts])
    classes, y = decided.unique(return_inverse=True)
    if len(classes) < 2:
        raise UserError(f"{contrast.subject.name} decides the same on all inputs: give some that it tells apart.")
    x = torch.cat(codes)
    layer = _sparsest(x, y, mix, agreement)
    with torch.enable_grad():
        sparse = layer(codes[0]).requires_grad_()
        # Classes that were never decided for come last.
        with torch.no_grad():
            width = contrast.subject(contrast.faulty.inputs[:1]).shape[1]
            floor = sparse.min() - 1
        logits = floor.expand(len(sparse), width).index_copy(1, classes, sparse)
        slopes = torch.autograd.grad(contrast.fault(logits, contrast.faulty.labels).sum(), sparse)[0]
    unusual = (codes[0] - codes[1].mean(dim=0)).double() / layer.scale
    return (unusual * (slopes @ layer.weight.T)).mean(dim=0).to(x)


def _sparsest(x: Tensor, y: Tensor, mix: float, agreement: float) -> SparseLayer:
    found = None
    for found in path(x, y, penalties(x, y, mix=mix), mix=mix, tolerance=1e-3, most=2000):
        if float((found(x).argmax(dim=1) == y).double().mean()) >= agreement:
            break
    assert found is not None
    return found


def _codes(contrast: Contrast, inputs: Inputs) -> Float[Tensor, "n k"]:
    """One code a unit and input, where the subject decides."""
    if contrast.subject.anatomy.decision == "space":
        return codes_of(contrast, inputs).means
    return contrast.basis.encode(rows(contrast.subject, inputs, contrast.site, "input").x)
