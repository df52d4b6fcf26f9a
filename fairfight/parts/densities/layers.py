"""One strangeness out of many layers: each layer's, in units of its spread on trusted inputs, then joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    centres: Float[Tensor, "layers 1"]
    """Median strangeness of trusted inputs that the layer's part was not fitted on."""
    spreads: Float[Tensor, "layers 1"]
    """Their standard deviation."""
    join: Join

    @classmethod
    def scaled(cls, parts: Mapping[str, Strangeness], usual: Sequence[Float[Tensor, " n"]], join: Join) -> Layers:
        """Parts and what they find of ordinary inputs, a row of scores each."""
        scores = torch.stack(list(usual)).double()
        spreads = scores.std(dim=1, correction=0, keepdim=True).clamp_min(1e-9)
        return cls(parts, scores.median(dim=1, keepdim=True).values, spreads, join)

    def score(self, acts: Mapping[str, Float[Tensor, "n d"]]) -> Float[Tensor, " n"]:
        """The layers' standardised strangeness, averaged or the largest."""
        scores = torch.stack([part(acts[s]) for s, part in self.parts.items()])
        stacked = (scores.double() - self.centres) / self.spreads
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
    parts, usual = {}, []
    for site, x in acts.items():
        parts[site] = fit(site, x, everything)
        if cross and n >= 4:
            a, b = halves
            held_out = torch.cat([fit(site, x[a], a)(x[b]), fit(site, x[b], b)(x[a])])
        else:
            held_out = parts[site](x)
        usual.append(held_out)
    return Layers.scaled(parts, usual, join)


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
