"""Edits by name: each takes a selection of units and gives an edited copy of the subject."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.parts.edits.directions import project_out, steer
from fairfight.parts.edits.erasing import leace
from fairfight.parts.edits.orthogonal import orthogonalise
from fairfight.parts.edits.selection import Selection
from fairfight.parts.edits.tuning import tune
from fairfight.parts.edits.units import clamp, mean_ablate, rewrite
from fairfight.seeds import torch_rng
from fairfight.subject.subject import Subject

Change = Callable[[Selection], Subject]

_RARE = 0.95
"""Where a unit has no zero to rest at, it fires above what it says in so many of a hundred ordinary places."""
_BITS = 16


def ablate(s: Selection) -> Subject:
    """Hold units at zero; along directions that were fitted, at the mean of what they were fitted on."""
    return s.installed(clamp(s.basis, s.units, 0.0))


def ablate_to_mean(s: Selection) -> Subject:
    """Hold units at their mean over ordinary activations (Chan et al. 2022)."""
    return s.installed(mean_ablate(s.basis, s.units, s.usual))


def resample(s: Selection) -> Subject:
    """Give units the values that they have together on an ordinary activation (resample ablation, Chan et al. 2022).

    Which one is drawn by a hash of the activation, so that the edited subject answers the same input always alike.
    """
    rng = torch_rng(s.seed, "resample")
    known, centre = s.basis.encode(s.usual)[:, s.chosen], s.usual.mean(dim=0)
    planes = torch.randn(len(centre), _BITS, generator=rng)
    digits = 2 ** torch.arange(_BITS)

    def drawn(x: Float[Tensor, "n d"]) -> Int[Tensor, " n"]:
        sides = (x.detach() - centre.to(x)) @ planes.to(x) > 0
        return (sides.long() * digits).sum(dim=1) % len(known)

    def edit(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        codes = s.basis.encode(x)
        changed = codes.clone()
        changed[:, s.chosen] = known[drawn(x)].to(codes)
        return x + s.basis.decode(changed) - s.basis.decode(codes)

    return s.installed(edit)


def clamp_where_firing(s: Selection) -> Subject:
    """Hold units at a negative multiple of their usual strength, only where they fire (Templeton et al. 2024).

    ``strength`` is the multiple. A unit fires where it says more than on nearly all ordinary activations, in the
    direction in which the faulty ones lie; elsewhere it is left alone (Khoriaty et al. 2025; Muhamed et al. 2025).
    """
    usual, faulty = s.basis.encode(s.usual)[:, s.chosen], s.basis.encode(s.unusual.x)[:, s.chosen]
    middle = usual.mean(dim=0)
    side = torch.where(faulty.mean(dim=0) < middle, -1.0, 1.0).to(usual)
    limit = (usual * side).quantile(_RARE, dim=0)
    fires = faulty * side > limit
    strong = torch.where(fires, faulty, 0).sum(dim=0) / fires.sum(dim=0).clamp_min(1)
    level = torch.where(fires.any(dim=0), strong, faulty.mean(dim=0))
    value = middle - s.strength * (level - middle)

    def change(codes: Tensor) -> Tensor:
        own = codes[:, s.chosen]
        codes[:, s.chosen] = torch.where(own * side > limit, value, own)
        return codes

    return s.installed(rewrite(s.basis, change))


def steer_back(s: Selection) -> Subject:
    """Move every activation by what faulty ones have more than ordinary ones, along the units (Turner et al. 2023).

    ``strength`` is how often.
    """
    more = s.basis.encode(s.unusual.x).mean(dim=0) - s.basis.encode(s.usual).mean(dim=0)
    return s.installed(steer(more[s.chosen] @ s.directions, -s.strength))


def project_out_units(s: Selection) -> Subject:
    """Take away all that lies along the units' directions, down to what is usual (Arditi et al. 2024)."""
    return s.installed(project_out(s.directions, s.usual.mean(dim=0)))


EDITS: dict[str, Change] = {
    "ablate": ablate,
    "mean-ablate": ablate_to_mean,
    "resample": resample,
    "clamp": clamp_where_firing,
    "steer": steer_back,
    "project-out": project_out_units,
    "leace": leace,
    "orthogonalise": orthogonalise,
    "tune": tune,
}
"""By the name that a composed tool has it under."""
