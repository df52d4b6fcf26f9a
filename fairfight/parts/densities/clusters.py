"""k-means (Lloyd 1982) from well-spread beginnings (k-means++, Arthur & Vassilvitskii 2007)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def k_means(
    x: Float[Tensor, "n d"], *, k: int, rng: torch.Generator, starts: int = 4, rounds: int = 30
) -> tuple[Float[Tensor, "k2 d"], Int[Tensor, " n"]]:
    """Centres and which of them each row belongs to; at most ``k``, fewer where there are fewer distinct rows.

    Args:
        x: At least one row.
        k: How many clusters are wanted.
        rng: Draws the beginnings.
        starts: Beginnings tried; the one that ends with the rows nearest to their centres is kept.
        rounds: Steps at most.
    """
    best: tuple[float, Tensor, Tensor] | None = None
    for _ in range(starts if k > 1 else 1):
        centres = _spread(x, k, rng)
        own = torch.cdist(x, centres).argmin(dim=1)
        for _ in range(rounds):
            member = torch.nn.functional.one_hot(own, len(centres)).to(x)
            count = member.sum(dim=0)
            moved = member.T @ x / count.clamp_min(1)[:, None]
            centres = torch.where(count[:, None] > 0, moved, centres)
            before, own = own, torch.cdist(x, centres).argmin(dim=1)
            if torch.equal(before, own):
                break
        loss = float((x - centres[own]).square().sum())
        if best is None or loss < best[0]:
            best = loss, centres, own
    assert best is not None
    return best[1], best[2]


def _spread(x: Tensor, k: int, rng: torch.Generator) -> Tensor:
    """Rows drawn one after the other, with chances as the squared distance to those drawn before."""
    centres = x[torch.randint(len(x), (1,), generator=rng)]
    while len(centres) < k:
        far = torch.cdist(x, centres).amin(dim=1).square().double()
        if float(far.sum()) <= 0:
            break
        centres = torch.cat([centres, x[torch.multinomial(far, 1, generator=rng)]])
    return centres
