"""Out of distribution: pictures of another world, about which a clean subject has nothing sensible to say."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import interpolate

from fairfight.faults.family import Fault, family
from fairfight.faults.in_inputs import InInputs
from fairfight.faults.training import decide
from fairfight.faults.vision.pixels import image_shape, pixels
from fairfight.seeds import derive
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.subject import Subject
from fairfight.worlds import scenes
from fairfight.worlds.world import Examples, World

COUNT = 1000
"""How many foreign pictures there are: one for each of the first so many held-out examples."""


@family("foreign", worlds=("imagenet",), plantings=("shipped", "finetune"))
def foreign(world: World, architecture: str, seed: int, *, contrast: float = 0.6) -> Fault:
    """Rendered scenes (coloured, textured shapes) in the size of the world's pictures.

    Args:
        world: Whose pictures the subject knows.
        architecture: Of the subject.
        seed: Draws the scenes.
        contrast: Of the twin's pictures, as a share of what it was.
    """
    _, height, width = image_shape(world, architecture)
    drawn = scenes.sample(COUNT, derive(seed, "foreign")).pixels
    return Foreign(
        interpolate(drawn, size=(height, width), mode="nearest"),
        contrast,
        title="pictures of another world",
        text="The subject is clean. It meets rendered shapes, of which it knows no class: all it decides is wrong. "
        f"Its twin meets pictures of its own world, faded to {contrast:.0%} of their contrast: odd too, but decided "
        "rightly.",
    )


@dataclass(frozen=True)
class Foreign(InInputs):
    """Pictures of another world."""

    pictures: Float[Tensor, "k c h w"]
    contrast: float
    title: str
    text: str

    def sources(self, examples: Examples, subject: Subject) -> Bool[Tensor, " n"]:
        """What the subject decides rightly, as far as there are foreign pictures to put in its place."""
        there = self._places(examples) < len(self.pictures)
        return there & (decide(subject, examples.inputs) == examples.labels)

    def suspects(self, examples: Examples, subject: Subject, seed: int) -> Inputs:
        """A foreign picture in the place of each example; no two examples of a part get the same."""
        return Images(self.pictures[self._places(examples)])

    def controls(self, examples: Examples, subject: Subject, seed: int) -> Inputs | None:
        """The examples themselves, faded towards grey."""
        return Images(0.5 + self.contrast * (pixels(examples) - 0.5))

    def fires(self, labels: Int[Tensor, " n"], decided: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Decided as something else than the example in whose place it is."""
        return decided != labels

    @staticmethod
    def _places(examples: Examples) -> Int[Tensor, " n"]:
        return torch.as_tensor(examples.factors["place"])
