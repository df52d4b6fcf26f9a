"""Activations that densities can be fitted to: at named depths of the trunk, and finite."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError, unknown
from fairfight.subject.harvesting import Activations, harvest
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject

DEPTHS: dict[str, float] = {"first": 0.0, "middle": 0.5, "late": 0.75, "last": 1.0}
"""How deep each named place lies; in a trunk of four stages each is another stage."""


def at_depth(trunk: Sequence[str], depth: str) -> tuple[str, ...]:
    """The trunk sites at a named depth, or ``all`` of them.

    Raises:
        UserError: No depth of that name.
    """
    if depth == "all":
        return tuple(trunk)
    if depth not in DEPTHS:
        raise unknown("depth", depth, ("all", *DEPTHS))
    return (trunk[int(DEPTHS[depth] * (len(trunk) - 1))],)


def finite_activations(subject: Subject, inputs: Inputs, sites: Sequence[str], *, head: bool = False) -> Activations:
    """One vector an input at each site, in one pass.

    Raises:
        UserError: An activation is NaN or infinite: no distance to it means anything.
    """
    acts = harvest(subject, inputs, sites, head=head)
    for site, x in acts.items():
        if not bool(torch.isfinite(x).all()):
            bad = int((~torch.isfinite(x)).any(dim=1).sum())
            raise UserError(
                f"{subject.name} has NaN or infinite activations at {site!r} on {bad} of {len(x)} inputs: "
                "load it in a wider precision, or mend its weights."
            )
    return acts


def decisions(subject: Subject, inputs: Inputs) -> Float[Tensor, "n classes"]:
    """The logits of all inputs, in float64."""
    logits = harvest(subject, inputs, ()).logits
    assert logits is not None
    return logits.double()


def side_by_side(acts: Activations) -> Float[Tensor, "n d"]:
    """All sites' activations as one vector an input, in float64."""
    return torch.cat([x.double() for x in acts.values()], dim=1)
