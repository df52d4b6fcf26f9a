"""How far an input's way to its answer strays from the ways of trusted ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.densities.activations import finite_activations
from fairfight.parts.densities.gaussian import fit_gaussian
from fairfight.parts.densities.local_factor import fit_local_factor
from fairfight.parts.lenses.trajectory import leading_classes, trajectory
from fairfight.subject.harvesting import Activations
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject

Measure = Literal["lof", "classes", "one"]
Read = Callable[[Tensor], Tensor]
"""Takes activations [n, d] of one site and gives logits [n, classes]."""


def path_score(
    subject: Subject,
    trusted: Inputs,
    lenses: Callable[[Activations, Tensor], Mapping[str, Read]],
    *,
    measure: Measure = "lof",
    answers: int = 8,
    neighbours: int = 20,
) -> Callable[[Inputs], Float[Tensor, " n"]]:
    """A score of inputs by how strange all layers' logits are at once.

    Args:
        subject: Read at every trunk site.
        trusted: Ordinary inputs.
        lenses: Gives each trunk site's map to logits, from the trusted activations and the classes that matter.
        measure: ``lof`` is the local outlier factor; ``classes`` the Mahalanobis distance to the nearest of the
            answers' means; ``one`` that to the mean of all.
        answers: Classes count that are among so many first answers to some trusted input: of a language model, a few
            of its words.
        neighbours: For ``lof``.
    """
    sites = subject.trunk
    known = finite_activations(subject, trusted, sites, head=True)
    assert known.logits is not None
    kept = leading_classes(known.logits, first=answers)
    read = lenses(known, kept)

    @torch.no_grad()
    def path(acts: Activations) -> Tensor:
        assert acts.logits is not None
        return trajectory([read[site](acts[site]) for site in sites], acts.logits[:, kept])

    def walk(inputs: Inputs) -> Tensor:
        return path(finite_activations(subject, inputs, sites, head=True))

    if measure == "lof":
        crowd = fit_local_factor(path(known), k=neighbours)
        return lambda inputs: crowd.factor(walk(inputs))
    gaussian = fit_gaussian(path(known), known.logits.argmax(dim=1) if measure == "classes" else None)
    return lambda inputs: gaussian.distance(walk(inputs)).sqrt()
