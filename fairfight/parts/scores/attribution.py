"""Gradient × activation (Shrikumar et al. 2016; attribution patching, Nanda 2023): what each unit does for a decision.

The effect of moving a unit from its baseline to its value is, to first order, the decided logit's
gradient times that move. One forward and one backward pass give it for every unit of every site.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.subject import Subject


def attribution(
    subject: Subject,
    inputs: Inputs,
    sites: Sequence[str],
    *,
    baseline: Mapping[str, Float[Tensor, " d"]] | None = None,
    batch_size: int = 64,
) -> dict[str, Float[Tensor, "n d"]]:
    """First-order effect of every unit at ``sites`` on the logit of the class that the subject decides for.

    Args:
        subject: Its parameters and their gradients are left alone.
        inputs: At least one.
        sites: Names of sites whose units are channels (images) or features (texts).
        baseline: What each unit is moved from, by site; zero if not given.
        batch_size: Inputs a pass.

    Returns:
        For each site the effects summed over space, or over real tokens.

    Raises:
        UserError: There are no inputs, or the decision does not depend on one of the sites.
    """
    if not len(inputs):
        raise UserError("There are no inputs to attribute: give at least one.")
    parts = [_batch(subject, batch, sites, baseline or {}) for batch in inputs.batches(batch_size)]
    return {site: torch.cat([p[site] for p in parts]) for site in sites}


def _batch(subject: Subject, batch: Inputs, sites: Sequence[str], baseline: Mapping[str, Tensor]) -> dict[str, Tensor]:
    def start(x: Tensor) -> Tensor:
        # A leaf at the first site: the graph exists even where no parameter asks for gradients.
        return x if x.requires_grad else x.detach().requires_grad_()

    with torch.enable_grad(), subject.hooks(sites, dict.fromkeys(sites, start)) as tape:
        logits = subject(batch)
        acts = [tape[site] for site in sites]
        try:
            gradients = torch.autograd.grad(logits.amax(dim=1).sum(), acts)
        except RuntimeError as error:
            raise UserError(f"The decision cannot be traced back to {', '.join(sites)}: {error}") from error
    found = {}
    for site, act, gradient in zip(sites, acts, gradients, strict=True):
        effects = gradient * (act.detach() - _spread(baseline[site], act) if site in baseline else act.detach())
        found[site] = _summed(effects, batch)
    return found


def _spread(baseline: Tensor, act: Tensor) -> Tensor:
    """The baseline in a shape that subtracts from feature maps [n, c, h, w] or streams [n, tokens, d]."""
    return baseline[:, None, None] if act.ndim == 4 else baseline


def _summed(effects: Tensor, batch: Inputs) -> Tensor:
    if isinstance(batch, Images):
        return effects.flatten(2).sum(dim=2) if effects.ndim == 4 else effects.reshape(len(effects), -1)
    return (effects * batch.mask.to(effects)[:, :, None]).sum(dim=1)
