"""Scores from gradients: what the fault would lose, to first order, if a unit did what it usually does.

The basis is put into the subject with what it cannot rebuild beside it, h = decode(f) + (h - decode(encode(h))), so
that the subject decides as before and has a slope for every unit f (Marks et al. 2024). All units are scored at once.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.bases.positions import from_rows, real, to_rows
from fairfight.parts.edits.units import Basis
from fairfight.parts.scores.codes import packed, usual_codes
from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject

BATCH = 64
"""Inputs a pass."""


def attribution(contrast: Contrast) -> Float[Tensor, " k"]:
    """Attribution patching (Nanda 2023): the slope of the fault where it shows, times how unusual the unit is there.

    One pass forward and one back, however many units there are.
    """
    return _along(contrast, [1.0])


def integrated(contrast: Contrast, *, steps: int = 6) -> Float[Tensor, " k"]:
    """Integrated gradients (Sundararajan et al. 2017), from usual codes to those on ``faulty``.

    All units move together and the slope is the mean on the way (for features of a dictionary: Marks et al. 2024), so
    that the scores add up to what the fault loses when all units are usual at once; no unit is missed that saturates.

    Args:
        contrast: Where to look.
        steps: Points on the way; each costs one pass forward and one back.
    """
    return _along(contrast, [(i + 0.5) / steps for i in range(steps)])


def _along(contrast: Contrast, shares: list[float]) -> Float[Tensor, " k"]:
    """Mean slope at some shares of the way, times the way, summed over rows, a mean over inputs."""
    usual = usual_codes(contrast)
    total = torch.zeros_like(usual)
    for batch in contrast.faulty.batches(BATCH):
        for share in shares:
            codes, slopes = _slopes(contrast, batch, usual, share)
            total += ((codes - usual) * slopes).sum(dim=0)
    return total / (len(contrast.faulty) * len(shares))


def _slopes(
    contrast: Contrast, batch: Labelled, usual: Tensor, share: float
) -> tuple[Float[Tensor, "rows k"], Float[Tensor, "rows k"]]:
    """Codes of real rows, and the fault's slope for each where all codes are at a share of their way."""
    subject, site, basis = contrast.subject, contrast.site, contrast.basis
    inputs = packed(batch.inputs)
    leaves: list[Tensor] = []
    codes: list[Tensor] = []
    towards: list[Tensor] = []

    def write(activation: Tensor) -> Tensor:
        with torch.no_grad():
            x = to_rows(subject, site, activation)
            keep = real(inputs, activation)
            codes.append(basis.encode(x if keep is None else x[keep]))
            if share < 1:
                towards.append(torch.lerp(usual, codes[0], share))
                step = basis.decode(towards[0]) - basis.decode(codes[0])
                x = x + step if keep is None else x.index_add(0, keep.nonzero()[:, 0], step)
                activation = from_rows(subject, site, x, activation)
        leaves.append(activation.detach().requires_grad_())
        # What the subject overwrites may not be a leaf.
        return leaves[0].clone() if subject.site(site).overwritten else leaves[0]

    with torch.enable_grad(), subject.hooks(writes={site: write}):
        fault = contrast.fault(subject(inputs), batch.labels).sum()
        slope = _traced(subject, site, fault, leaves[0])
    x, keep = to_rows(subject, site, slope), real(inputs, slope)
    return codes[0], pulled_back(basis, (towards or codes)[0], x if keep is None else x[keep])


def _traced(subject: Subject, site: str, fault: Tensor, leaf: Tensor) -> Tensor:
    try:
        return torch.autograd.grad(fault, leaf)[0]
    except RuntimeError as error:
        raise UserError(f"What {subject.name} decides cannot be traced back to {site}: {error}") from error


def pulled_back(basis: Basis, codes: Tensor, slope: Tensor) -> Tensor:
    """The slope for codes from that for what they stand for."""
    with torch.enable_grad():
        codes = codes.detach().requires_grad_()
        return torch.autograd.grad(basis.decode(codes), codes, slope)[0]
