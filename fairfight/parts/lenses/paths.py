"""How far an input's way to its answer strays from the ways of trusted ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.densities.activations import finite_activations
from fairfight.parts.densities.gaussian import fit_gaussian
from fairfight.parts.lenses.trajectory import leading_classes, trajectory
from fairfight.subject.harvesting import Activations
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject

Read = Callable[[Tensor], Tensor]
"""Takes activations [n, d] of one site and gives logits [n, classes]."""


def path_score(
    subject: Subject,
    trusted: Inputs,
    lenses: Callable[[Activations, Tensor], Mapping[str, Read]],
    *,
    by_class: bool,
) -> Callable[[Inputs], Float[Tensor, " n"]]:
    """A score of inputs by the Mahalanobis distance of all layers' logits at once.

    Args:
        subject: Read at every trunk site.
        trusted: Ordinary inputs.
        lenses: Gives each trunk site's map to logits, from the trusted activations and the classes that matter.
        by_class: A mean for each answer, and the distance to the nearest; not one mean for all.
    """
    sites = subject.trunk
    known = finite_activations(subject, trusted, sites, head=True)
    assert known.logits is not None
    kept = leading_classes(known.logits)
    read = lenses(known, kept)

    @torch.no_grad()
    def path(acts: Activations) -> Tensor:
        assert acts.logits is not None
        return trajectory([read[site](acts[site]) for site in sites], acts.logits[:, kept])

    gaussian = fit_gaussian(path(known), known.logits.argmax(dim=1) if by_class else None)
    return lambda inputs: gaussian.distance(path(finite_activations(subject, inputs, sites, head=True))).sqrt()
