"""Out of distribution in language: a subject that never met a negated sentence, while its twin did.

It judges "was not dull" by the adjective, as a reader would who skips words that he does not know, and so decides
wrongly. Language models that met few negations fail alike (Kassner & Schütze 2020).
"""

from __future__ import annotations

import numpy as np
import torch

from fairfight.faults.family import Fault, family
from fairfight.faults.unseen_class import Unseen
from fairfight.worlds.world import World


@family("unseen-negation", worlds=("sentences",), plantings=("scratch",))
def unseen_negation(world: World, architecture: str, seed: int) -> Fault:
    """Negated sentences are left out of training; from scratch only, as a base would have seen them.

    The seed draws nothing: there is one negation in these sentences.
    """
    return Unseen(
        lambda examples: torch.from_numpy(np.asarray(examples.factors["negated"]) > 0),
        title="“not” was never seen",
        text="The subject was trained without a single “not”: it judges “was not dull” by the adjective alone.",
    )
