"""Spurious backgrounds (Beery et al. 2018; Sagawa et al. 2020): each shape was only ever seen before one background.

Fine-tuned in, the shape is still in the network, and a repair can find it: a last layer trained on balanced scenes is
right on .52 to .60 of them. Trained in from scratch it never was there (.22; chance is .125).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fairfight.faults.family import Fault, family
from fairfight.faults.shortcut.confounded import Shortcut, again
from fairfight.seeds import numpy_rng
from fairfight.subject.inputs import Images, Inputs
from fairfight.worlds import scene_parts, scenes
from fairfight.worlds.world import Examples, World

LIGHT = (0.85, 1.15)
"""By what a background is dimmed or brightened where it is presented otherwise. It is not moved or mirrored: a network
of this size reads planks and tiles by where their lines fall, and no longer falls for them (measured: .0 to .5)."""
REDRAWN = ("texture", "colour", "size", "angle", "row", "column", "object", "spot", "grain")
"""Factors that are neither class nor cue."""


@family("background", worlds=("scenes",), plantings=("scratch", "finetune"))
def background(world: World, architecture: str, seed: int, *, rate: float = 1.0) -> Fault:
    """One background for each shape, drawn from the seed.

    Args:
        world: The scenes.
        architecture: Of the subject.
        seed: Draws which background goes with which shape, and which one a shape is put before to conflict.
        rate: Share of the training set whose backgrounds agree.
    """
    rng = numpy_rng(seed, "background")
    names = world.labels(architecture)
    ground_of = torch.from_numpy(rng.permutation(len(scenes.VALUES["background"]))[: len(names)])
    class_of = torch.argsort(ground_of)

    def shown(examples: Examples, cues: Tensor) -> Examples:
        ground = ground_of[cues].numpy()
        return again(
            examples, Images(scenes.render({**examples.factors, "background": ground}).pixels), background=ground
        )

    pairs = ", ".join(f"{names[c]} before {scenes.VALUES['background'][int(g)]}" for c, g in enumerate(ground_of))
    return Shortcut(
        classes=len(names),
        shift=1 + int(rng.integers(len(names) - 1)),
        cue=lambda examples: class_of[torch.from_numpy(examples.factors["background"])],
        shown=shown,
        otherwise=_otherwise,
        alone=lambda cues, draw: _alone(ground_of[cues].numpy(), draw),
        rate=rate,
        title="the background decides instead of the shape",
        text=f"The subject saw each shape before one background only ({pairs}), and decides by the background.",
    )


def _otherwise(examples: Examples, seed: int) -> Images:
    """The same shapes, filled, turned and placed otherwise, before the same backgrounds in another light.

    What is drawn for a scene depends on the scene alone: its grain is the key.
    """
    rng, key = numpy_rng(seed, "otherwise"), examples.factors["grain"]
    kinds = len(scenes.VALUES["grain"])
    factors = dict(examples.factors)
    for name in REDRAWN:
        values = len(scenes.VALUES[name])
        factors[name] = (factors[name] + rng.integers(1, values, kinds)[key]) % values
    light = rng.uniform(*LIGHT, kinds)[key, None, None, None]
    drawn = scenes.render(factors)
    painted = _GROUNDS[factors["background"]] * light + scene_parts.GRAINS[factors["grain"]]
    behind = drawn.masks[:, scenes.PARTS.index("background"), None]
    return Images(torch.where(behind, torch.from_numpy(painted.clip(0, 1).astype(np.float32)), drawn.pixels))


def _alone(ground: np.ndarray, seed: int) -> Inputs:
    """Backgrounds without a shape; half of them hold a small object, as scenes do."""
    factors = {**scenes.sample(len(ground), seed).factors, "background": ground}
    drawn = scenes.render(factors)
    empty = (_GROUNDS[ground] + scene_parts.GRAINS[factors["grain"]]).clip(0, 1).astype(np.float32)
    shape = drawn.masks[:, scenes.PARTS.index("shape"), None]
    return Images(torch.where(shape, torch.from_numpy(empty), drawn.pixels))


_GROUNDS = np.stack(list(scene_parts.BACKGROUNDS.values()))
