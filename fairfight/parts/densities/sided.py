"""From a score that is high for strange inputs to one that is high for whatever is unlike trusted inputs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fairfight.subject.inputs import Inputs

Score = Callable[[Inputs], Tensor]
"""Takes inputs and gives a number each [n]."""


def sided(score: Score, trusted: Inputs, *, two_sided: bool) -> Score:
    """The score as it is, or its distance from the median of the trusted inputs' scores.

    Doubt is lowest where a trojan fires: such inputs are stranger in being too ordinary.
    """
    if not two_sided:
        return score
    with torch.no_grad():
        usual = score(trusted).median()
    return lambda inputs: (score(inputs) - usual).abs()
