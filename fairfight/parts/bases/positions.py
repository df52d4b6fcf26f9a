"""An activation as rows: one vector a token, a place or an input, whatever the site's shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.subject.harvesting import harvest
from fairfight.subject.inputs import Inputs, Texts

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject

Grain = Literal["input", "position"]
Join = Literal["mean", "max"]


def _maps(subject: Subject, activation: Tensor) -> bool:
    """Feature maps [n, c, h, w] have their features first."""
    return subject.anatomy.decision == "space" and activation.ndim > 3


def to_rows(subject: Subject, site: str, activation: Float[Tensor, "n ..."]) -> Float[Tensor, "rows d"]:
    """One row a place of feature maps, a token of a sequence, or an input; heads are laid side by side."""
    if _maps(subject, activation):
        return activation.flatten(2).movedim(1, -1).reshape(-1, activation.shape[1])
    if subject.site(site).heads:
        activation = activation.flatten(-2)
    return activation.reshape(-1, activation.shape[-1])


def from_rows(
    subject: Subject, site: str, rows: Float[Tensor, "rows d"], like: Float[Tensor, "n ..."]
) -> Float[Tensor, "n ..."]:
    """Rows in the shape of the activation ``like``; the inverse of :func:`to_rows`."""
    if _maps(subject, like):
        n, c = like.shape[:2]
        return rows.view(n, -1, c).movedim(-1, 1).reshape(like.shape)
    return rows.view(like.shape)


def real(inputs: Inputs, activation: Float[Tensor, "n ..."]) -> Bool[Tensor, " rows"] | None:
    """Which rows of an activation are those of real tokens; None where all are."""
    if isinstance(inputs, Texts) and activation.ndim > 2:
        return inputs.mask[:, : activation.shape[1]].bool().flatten()
    return None


@dataclass(frozen=True)
class Rows:
    """Activations of some inputs at one site, a row each or several."""

    x: Float[Tensor, "rows d"]
    owner: Int[Tensor, " rows"]
    """Which input each row belongs to; ascending."""
    n: int
    """How many inputs there are."""

    def join(self, scores: Float[Tensor, " rows"], how: Join) -> Float[Tensor, " n"]:
        """One score an input from one a row: their mean, or the largest."""
        count = torch.bincount(self.owner, minlength=self.n)
        if how == "mean":
            return scores.new_zeros(self.n).index_add_(0, self.owner, scores) / count
        first = count.cumsum(0) - count
        side_by_side = scores.new_full((self.n, int(count.max())), -torch.inf)
        side_by_side[self.owner, torch.arange(len(scores)) - first[self.owner]] = scores
        return side_by_side.amax(dim=1)


def rows(subject: Subject, inputs: Inputs, site: str, grain: Grain) -> Rows:
    """Read a site: one vector an input where it decides (``input``), or every real token or place (``position``).

    Raises:
        UserError: The subject lacks the site, or there are no inputs.
    """
    if grain == "input":
        return Rows(harvest(subject, inputs, [site], head=False)[site], torch.arange(len(inputs)), len(inputs))
    whole = harvest(subject, inputs, [site], pool=None, head=False)[site]
    x = to_rows(subject, site, whole)
    owner = torch.arange(len(inputs)).repeat_interleave(len(x) // len(inputs))
    keep = real(inputs, whole)
    return Rows(x, owner, len(inputs)) if keep is None else Rows(x[keep], owner[keep], len(inputs))
