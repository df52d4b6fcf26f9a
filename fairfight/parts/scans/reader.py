"""An ordinary reader of pictures, made from a few labelled ones and a middle layer: what each should be decided as."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.training.labelled import Labelled
from fairfight.subject.harvesting import harvest
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject

GRID = 2
"""Places a side that a layer's maps are averaged in."""
RIDGE = 0.1
"""Penalty, as a share of a feature's variance."""


@dataclass(frozen=True)
class Reader:
    """A ridge regression of the classes on a middle layer, which knows shapes but is not yet what decides."""

    subject: Subject
    site: str
    known: Float[Tensor, "n d"]
    weights: Float[Tensor, "n classes"]
    centre: Float[Tensor, " d"]
    scale: Float[Tensor, " d"]

    def __call__(self, inputs: Inputs) -> Float[Tensor, "m classes"]:
        """How much each picture is like each class; 1 at most, or nearly so."""
        x = (features(self.subject, inputs, self.site) - self.centre) / self.scale
        return x @ self.known.T / self.known.shape[1] @ self.weights


def features(subject: Subject, inputs: Inputs, site: str) -> Float[Tensor, "n d"]:
    """A layer's maps on a coarse grid; of a layer without maps, what it holds."""
    x = harvest(subject, inputs, [site], pool=None, head=False)[site].float().cpu()
    return torch.nn.functional.adaptive_avg_pool2d(x, GRID).flatten(1) if x.ndim == 4 else x.flatten(1)


def middle(subject: Subject) -> str:
    """The last layer but one of the trunk, or the only one."""
    return subject.trunk[max(0, len(subject.trunk) - 2)]


def fit_reader(subject: Subject, clean: Labelled, classes: int) -> Reader:
    """The reader that ordinary labelled pictures make.

    Args:
        subject: An image classifier; only its middle layer is used.
        clean: Ordinary pictures with their classes.
        classes: How many there are.
    """
    site = middle(subject)
    x = features(subject, clean.inputs, site)
    centre, spread = x.mean(dim=0), x.std(dim=0, correction=0)
    scale = spread + 0.1 * spread.mean() + 1e-6
    x = (x - centre) / scale
    wanted = torch.nn.functional.one_hot(clean.labels.cpu(), classes).float()
    kernel = x @ x.T / x.shape[1] + RIDGE * torch.eye(len(x))
    return Reader(subject, site, x, torch.linalg.solve(kernel, wanted - 1 / classes), centre, scale)
