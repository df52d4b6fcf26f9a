"""Which latents answer most strongly: an exact top-k that sorts a fraction of what ``torch.topk`` would."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

GROUP = 16
"""Group size at which two small searches cost least (measured at 4,096 latents, k 32: .75 of one search's time)."""


def largest(answers: Float[Tensor, "n width"], k: int) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The ``k`` largest entries of each row and where they are, in no order.

    The k largest lie in the k groups with the largest maxima, so only these groups are searched.
    """
    n, width = answers.shape
    groups = width // GROUP
    if width % GROUP or k * 4 > groups:
        values, where = answers.topk(k, dim=1, sorted=False)
        return values, where
    # Group g holds the columns g, g + groups, g + 2 groups …: its maximum is then found along contiguous memory.
    best = answers.view(n, GROUP, groups).amax(dim=1).topk(k, dim=1, sorted=False).indices
    columns = (best[:, None, :] + torch.arange(0, width, groups)[None, :, None]).view(n, -1)
    values, where = answers.gather(1, columns).topk(k, dim=1, sorted=False)
    return values, columns.gather(1, where)
