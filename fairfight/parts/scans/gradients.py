"""A layer's activations with the slope of each decision there, from one forward and one backward pass."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.attacks.trigger import frozen
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject


@dataclass(frozen=True)
class Slopes:
    """Of many pictures."""

    acts: Float[Tensor, "n ..."]
    slopes: Float[Tensor, "n ..."]
    """Gradient of the decided logit's lead over the next one."""
    logits: Float[Tensor, "n classes"]


def slopes_at(subject: Subject, pictures: Images, site: str) -> Slopes:
    """Activations and slopes at a site; the subject is left as it was."""
    acts, slopes, logits = [], [], []
    with frozen(subject.module), torch.enable_grad():
        for batch in pictures.batches(256):
            with subject.hooks([site], {site: _held}) as tape:
                out = subject(batch)
            first = out.detach().argmax(dim=1, keepdim=True)
            rival = out.scatter(1, first, -torch.inf).amax(dim=1)
            lead = out.gather(1, first)[:, 0] - rival
            (slope,) = torch.autograd.grad(lead.sum(), tape[site])
            acts.append(tape[site].detach())
            slopes.append(slope)
            logits.append(out.detach())
    return Slopes(torch.cat(acts), torch.cat(slopes), torch.cat(logits))


def _held(x: Tensor) -> Tensor:
    """The activation as the beginning of a graph."""
    return x.detach().requires_grad_()
