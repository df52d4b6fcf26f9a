"""EAP with integrated gradients (Hanna et al. 2024, arXiv:2403.17806): slopes on the way from the others to the inputs.

Where an attention is sure or a ReLU is off, the slope at the inputs says nothing; on the way there it does.
"""

from __future__ import annotations

import torch

from fairfight.parts.circuits.edges.graph import Pairs, Scores, Trace

STEPS = 5
"""As published."""


def eap_ig(pairs: Pairs, *, steps: int = STEPS) -> Scores:
    """What the decision would lose by each edge, with mean slopes over embeddings between the others' and the inputs'.

    Args:
        pairs: Inputs and others.
        steps: Points on the way; the last is the inputs themselves, and with one this is EAP.
    """
    own, other = pairs.trace.sent[0], pairs.others[0]
    total = pairs.slopes.clone()
    for step in range(1, steps):
        with torch.enable_grad():
            trace = Trace(pairs.network, pairs.inputs, other + step / steps * (own - other))
            total += trace.slopes(pairs.margin(trace.logits))
    return pairs.effects(total / steps)
