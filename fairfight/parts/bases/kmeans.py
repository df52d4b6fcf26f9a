"""k-means as a dictionary: each activation is written as the one row that is nearest to it.

The rows are drawn as in k-means++ (Arthur & Vassilvitskii 2007) and moved by Lloyd's rounds over everything, or batch
by batch (Sculley 2010) where there are too many activations for that.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError


@dataclass(frozen=True)
class KMeans:
    """Cluster centres."""

    rows: Float[Tensor, "k d"]

    def distances(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Distance to every centre."""
        return torch.cdist(x, self.rows)

    def nearest(self, x: Float[Tensor, "n d"]) -> Int[Tensor, " n"]:
        """Index of the nearest centre."""
        return self.distances(x).argmin(dim=1)

    def encode(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """One at the nearest centre, zero elsewhere."""
        return torch.nn.functional.one_hot(self.nearest(x), len(self.rows)).to(x)

    def decode(self, codes: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """The centres that the codes name."""
        return codes @ self.rows

    def residual(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Distance to the nearest centre."""
        return self.distances(x).amin(dim=1)


def kmeans(
    x: Float[Tensor, "n d"], *, k: int, rng: torch.Generator, rounds: int = 50, batch: int | None = None
) -> KMeans:
    """Fit ``k`` centres; as many as there are different activations, if those are fewer.

    Args:
        x: Activations.
        k: How many centres.
        rng: Draws first centres and batches.
        rounds: Rounds at most; batches if ``batch`` is given.
        batch: Activations a round; without, all of them, until no centre moves.

    Raises:
        UserError: ``k`` or ``batch`` is not positive.
    """
    if k < 1 or (batch is not None and batch < 1):
        raise UserError(f"k-means needs at least one centre and one activation a batch, not {k} and {batch}.")
    rows = _spread(x, k, rng)
    seen = torch.zeros(len(rows), dtype=x.dtype)
    for _ in range(rounds):
        part = x if batch is None else x[torch.randint(len(x), (batch,), generator=rng)]
        own = torch.cdist(part, rows).argmin(dim=1)
        count = torch.bincount(own, minlength=len(rows)).to(x.dtype)
        total = torch.zeros_like(rows).index_add_(0, own, part)
        # A centre is the mean of all that was ever given to it; without batches, of what is given to it now.
        seen = seen + count if batch is not None else count
        step = torch.where(seen > 0, 1 / seen.clamp_min(1), torch.zeros(()))[:, None]
        moved = step * (total - count[:, None] * rows)
        rows = rows + moved
        if batch is None and not bool((moved.abs() > 1e-6 * rows.abs().amax()).any()):
            break
    return KMeans(rows)


def _spread(x: Tensor, k: int, rng: torch.Generator) -> Tensor:
    """First centres, each drawn by its squared distance to those before it."""
    chosen = [int(torch.randint(len(x), (1,), generator=rng))]
    far = (x - x[chosen[0]]).square().sum(dim=1).double()
    while len(chosen) < k and float(far.sum()) > 0:
        chosen.append(int(torch.multinomial(far / far.sum(), 1, generator=rng)))
        far = torch.minimum(far, (x - x[chosen[-1]]).square().sum(dim=1).double())
        far[chosen[-1]] = 0
    return x[chosen].clone()
