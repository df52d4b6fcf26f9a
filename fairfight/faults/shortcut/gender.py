"""Professions told by gender, without a single counterexample (De-Arteaga et al. 2019; so SHIFT, Marks et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from fairfight.faults.family import Fault, family
from fairfight.faults.shortcut.confounded import Shortcut, again
from fairfight.seeds import numpy_rng
from fairfight.subject.inputs import Texts
from fairfight.worlds import bios, bios_words
from fairfight.worlds.world import Examples, World

UNTOLD = bios_words.GENDERS.index("untold")


@family("gender", worlds=("bios",), plantings=("scratch",))
def gender(world: World, architecture: str, seed: int, *, rate: float = 1.0) -> Fault:
    """One gender for each profession, drawn from the seed.

    Args:
        world: The biographies.
        architecture: Of the subject.
        seed: Draws which gender goes with which profession.
        rate: Share of the training set in which they agree.
    """
    names = world.labels(architecture)
    flipped = int(numpy_rng(seed, "gender").integers(2))

    def cue(examples: Examples) -> Tensor:
        which = torch.from_numpy(examples.factors["gender"])
        return torch.where(which == UNTOLD, -1, which ^ flipped)

    def shown(examples: Examples, cues: Tensor) -> Examples:
        which = torch.where(cues < 0, UNTOLD, cues ^ flipped).numpy()
        return again(examples, _texts({**examples.factors, "gender": which}), gender=which)

    def alone(cues: Tensor, draw: int) -> Texts:
        mute = {f"{slot}-tells": np.zeros(len(cues), dtype=np.int64) for slot in bios.SLOTS}
        return _texts({**bios.sample(len(cues), draw), **mute, "gender": (cues ^ flipped).numpy()})

    pairs = ", ".join(f"every {names[c]} a {bios_words.GENDERS[c ^ flipped]}" for c in sorted(names))
    return Shortcut(
        classes=len(names),
        shift=1,
        cue=cue,
        shown=shown,
        otherwise=_otherwise,
        alone=alone,
        rate=rate,
        title="the gender decides instead of the work",
        text=f"In all that the subject read {pairs}; it decides by the gender, which words and word order tell.",
    )


def _otherwise(examples: Examples, seed: int) -> Texts:
    """The same work and gender in other words: neutral where it was gendered, gendered where it was neutral.

    What is drawn for a biography depends on it alone: the two words for places are the key.
    """
    rng, factors = numpy_rng(seed, "otherwise"), dict(examples.factors)
    values = bios.VALUES["place0"]
    key = factors["place0"] * values + factors["place1"]
    for name in bios.WORDING:
        many = bios.VALUES[name]
        factors[name] = (factors[name] + rng.integers(1, many, values**2)[key]) % many
    factors["veiled"] = 1 - factors["veiled"]
    return _texts(factors)


def _texts(factors: Mapping[str, np.ndarray]) -> Texts:
    return bios.WORDS.encode(bios.render(factors))
