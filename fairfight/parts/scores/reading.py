"""Scores from codes alone: by how much units differ, and how much a probe trusts them. Nothing is asked of the subject.

Where such a score is high the unit goes with the fault; whether it makes the fault is not known. Which way a unit
points does not matter: turned round, it has the same score.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.probes.logistic import fit_logistic, standard_units
from fairfight.parts.scores.codes import codes_of
from fairfight.parts.scores.contrast import Contrast

_PROBED = 512
"""A probe sees at most so many units: its cost grows with their cube."""


def difference(contrast: Contrast) -> Float[Tensor, " k"]:
    """How far a unit's mean code on ``faulty`` lies from that on ``clean``, in units of its spread over clean inputs.

    An input's code is the mean over its tokens or places. The usual spread of all units is added to each one's own, so
    that none wins by hardly varying (Tusher et al. 2001).
    """
    faulty, clean = _means(contrast)
    return _apart(faulty, clean).abs()


def probe(contrast: Contrast) -> Float[Tensor, " k"]:
    """What a unit adds to the log-odds by which a logistic probe tells ``faulty`` from ``clean`` (Alain & Bengio 2016).

    That is its weight times the difference of its mean codes. The probe sees the 512 units of the largest
    :func:`difference`; all others score zero.
    """
    faulty, clean = _means(contrast)
    seen = _apart(faulty, clean).abs().argsort(descending=True, stable=True)[:_PROBED]
    x = torch.cat([faulty[:, seen], clean[:, seen]])
    found = fit_logistic(x, torch.arange(len(x)) < len(faulty))
    gap = (faulty[:, seen].mean(dim=0) - clean[:, seen].mean(dim=0)).double() / found.scale
    scores = faulty.new_zeros(faulty.shape[1])
    scores[seen] = (found.weight * gap).to(scores)
    return scores


def _means(contrast: Contrast) -> tuple[Float[Tensor, "n k"], Float[Tensor, "m k"]]:
    return codes_of(contrast, contrast.faulty.inputs).means, codes_of(contrast, contrast.clean.inputs).means


def _apart(faulty: Float[Tensor, "n k"], clean: Float[Tensor, "m k"]) -> Float[Tensor, " k"]:
    centre, spread = standard_units(clean)
    return (faulty.mean(dim=0) - centre) / (spread + spread.mean())
