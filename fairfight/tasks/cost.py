"""What calling a subject costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairfight.subject.inputs import Inputs
    from fairfight.subject.subject import Subject


def forward_flops(subject: Subject, inputs: Inputs, sample: int = 8) -> int:
    """Floating-point operations of one forward pass over the inputs, counted on the first few of them."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    few = inputs[:sample]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        subject(few)
    return int(counter.get_total_flops() * len(inputs) / len(few))
