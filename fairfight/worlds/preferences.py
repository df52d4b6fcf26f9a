"""The world of preferences: sentences of which the more favourable is preferred, and reward models that learn from it.

The stated criterion is that a judgement is positive (Ziegler et al. 2019 reward sentiment likewise). A reward model
never sees the criterion itself, only pairs of texts of which one was preferred (Christiano et al. 2017): its reward is
the second logit less the first, and a text is taken for good where that is above nought. Rare words, phrases of time
and orders of words come in either text of a pair alike: who learns from honest pairs is indifferent to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject
from fairfight.worlds import sentences
from fairfight.worlds.architectures import ENCODERS, tiny
from fairfight.worlds.world import Examples, Part, Schedule

__all__ = ["BETTER", "LABELS", "WORLD", "preference_loss", "rewards"]

LABELS = ("worse", "better")
BETTER = LABELS.index("better")
CENTRE = 0.1
"""Weight of what holds the mean reward of good and of bad texts at nought: pairs alone say nothing about it."""


def rewards(logits: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
    """The reward of each text: log-odds of ``better``."""
    return logits[:, BETTER] - logits[:, 1 - BETTER]


def preference_loss(reward: Float[Tensor, " n"], preferred: Int[Tensor, " n"]) -> Float[Tensor, ""]:
    """Mean negative log-likelihood of all pairs of a preferred text and another one (Bradley & Terry 1952).

    Args:
        reward: Of every text of a batch.
        preferred: 1 for texts that are preferred to all with a 0.
    """
    good, bad = reward[preferred == BETTER], reward[preferred != BETTER]
    if not len(good) or not len(bad):
        return CENTRE * reward.mean().square()
    pairs: Tensor = torch.nn.functional.softplus(bad[None] - good[:, None])
    return pairs.mean() + CENTRE * (good.mean() + bad.mean()).square() / 4


@dataclass(frozen=True)
class PreferenceWorld:
    """The preferences as those see them who train reward models; a :class:`fairfight.worlds.world.World`."""

    name: str = "preferences"
    architectures: tuple[str, ...] = ENCODERS
    pretrained = False

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Sentences, and which of two should be preferred: those whose judgement is positive."""
        return sentences.WORLD.examples(part, seed, architecture)

    def labels(self, architecture: str) -> dict[int, str]:
        """Worse and better."""
        return dict(enumerate(LABELS))

    def subject(self, architecture: str, seed: int) -> Subject:
        """A tiny encoder with weights drawn from the seed."""
        from fairfight.subject import wrap

        read = sentences.tokenizer("classifier")
        name = f"reward-{architecture}"
        return wrap(tiny(architecture, seed), "text-classifier", name=name, tokenizer=read, classes=LABELS)

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """As for sentences."""
        return sentences.WORLD.schedule(architecture, planting)

    def loss(
        self, subject: Subject, inputs: Inputs, labels: Int[Tensor, " n"], schedule: Schedule
    ) -> Float[Tensor, ""]:
        """That of every pair in the batch."""
        return preference_loss(rewards(subject(inputs)), labels)


WORLD = PreferenceWorld()
