"""One strangeness out of many layers: each layer's, in units of its spread on trusted inputs, then joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.densities.activations import finite_activations
from fairfight.subject.harvesting import Activations
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject

Strangeness = Callable[[Tensor], Tensor]
"""Takes activations [n, d] and gives how strange each row is [n]."""
Join = Literal["mean", "max"]


@dataclass(frozen=True)
class Layers:
    """Fitted strangeness of several layers."""

    parts: Mapping[str, Strangeness]
    centres: Mapping[str, float]
    """Median strangeness of trusted inputs that the layer's part was not fitted on."""
    spreads: Mapping[str, float]
    """Their standard deviation."""
    join: Join

    def score(self, acts: Mapping[str, Float[Tensor, "n d"]]) -> Float[Tensor, " n"]:
        """The layers' standardised strangeness, averaged or the largest."""
        scores = [(part(acts[s]).double() - self.centres[s]) / self.spreads[s] for s, part in self.parts.items()]
        stacked = torch.stack(scores)
        return stacked.mean(dim=0) if self.join == "mean" else stacked.amax(dim=0)


def fit_layers(
    acts: Mapping[str, Float[Tensor, "n d"]],
    fit: Callable[[str, Tensor, Tensor], Strangeness],
    *,
    join: Join = "mean",
    cross: bool = True,
) -> Layers:
    """Fit every layer and find its scale on inputs it was not fitted on.

    Args:
        acts: Trusted activations by site.
        fit: Called with the site, activations and the indices of these rows in the trusted set; gives the strangeness.
        join: How layers are joined.
        cross: Fit twice more on halves to find the scale on the other half: what was fitted on an input finds
            it too familiar. Without it (or with fewer than four inputs) the scale is that of the fitted inputs.
    """
    n = len(next(iter(acts.values())))
    everything = torch.arange(n)
    halves = (everything[0::2], everything[1::2])
    parts, centres, spreads = {}, {}, {}
    for site, x in acts.items():
        parts[site] = fit(site, x, everything)
        if cross and n >= 4:
            a, b = halves
            held_out = torch.cat([fit(site, x[a], a)(x[b]), fit(site, x[b], b)(x[a])])
        else:
            held_out = parts[site](x)
        centres[site] = float(held_out.double().median())
        spreads[site] = max(float(held_out.double().std(correction=0)), 1e-9)
    return Layers(parts, centres, spreads, join)


def layered_score(
    subject: Subject,
    trusted: Activations,
    fit: Callable[[str, Tensor, Tensor], Strangeness],
    *,
    join: Join = "mean",
) -> Callable[[Inputs], Float[Tensor, " n"]]:
    """A score of inputs by how strange their activations are beside trusted ones, at the sites of these.

    Args:
        subject: What is read.
        trusted: Its activations on ordinary inputs.
        fit: As for :func:`fit_layers`.
        join: How layers are joined.
    """
    layers, sites = fit_layers(trusted, fit, join=join), tuple(trusted)
    return lambda inputs: layers.score(finite_activations(subject, inputs, sites))
