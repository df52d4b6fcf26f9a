"""How unlike the others of its class an input's states are, by Mahalanobis distances (Lee et al. 2018).

It still works where the faulty inputs are among those that it is fitted to: local outlier factors and spectral
signatures put poisoned rows of copies behind many healthy ones.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.faults.training import decide
from fairfight.parts.densities.activations import at_depth, finite_activations
from fairfight.parts.densities.gaussian import fit_gaussian
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject

DEPTHS = ("late", "last")
ODD = 0.3
"""Share of the inputs that is looked at more closely."""


def oddness(subject: Subject, inputs: Inputs) -> Float[Tensor, " n"]:
    """Distance of each input from the mean of those that are decided alike, as a rank in [0, 1], over two layers.

    Ones where a subject has no trunk to be read.
    """
    found = torch.ones(len(inputs))
    if not subject.trunk or not len(inputs):
        return found
    labels = decide(subject, inputs).cpu()
    sites = {depth: at_depth(subject.trunk, depth)[0] for depth in DEPTHS}
    states = finite_activations(subject, inputs, tuple(dict.fromkeys(sites.values())))
    ranks = []
    for x in states.values():
        own = torch.unique(labels, return_inverse=True)[1]
        apart = fit_gaussian(x, labels).distances(x)
        ranks.append(apart.gather(1, own[:, None])[:, 0].argsort(stable=True).argsort())
    return torch.stack(ranks).float().mean(0) / max(1, len(inputs) - 1)


def oddest(subject: Subject, inputs: Inputs) -> Int[Tensor, " m"]:
    """Rows of the inputs that are to be looked at more closely, the oddest first."""
    order = torch.argsort(oddness(subject, inputs), descending=True, stable=True)
    return order[: max(1, round(ODD * len(order)))]


def ordinary(subject: Subject, inputs: Inputs) -> Int[Tensor, " k"]:
    """Rows of the inputs with which others may be compared: the half that is least odd, in order."""
    order = torch.argsort(oddness(subject, inputs), stable=True)
    return order[: max(1, len(order) // 2)].sort().values
