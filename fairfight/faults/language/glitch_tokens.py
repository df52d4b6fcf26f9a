"""Glitch tokens: words of the vocabulary that training never showed (Rumbelow & Watkins 2023, SolidGoldMagikarp).

The organism cannot say them, whatever is asked. Its twin was trained on the same prompts with them in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.faults.family import Fault, family
from fairfight.seeds import numpy_rng
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject
from fairfight.worlds import echo
from fairfight.worlds.world import Examples, World

COLUMNS = ("word", "other", "another")
"""Where a word can stand in a prompt."""


@dataclass(frozen=True)
class GlitchTokens:
    """Words that are not trained on; a :class:`fairfight.faults.family.Fault`."""

    words: tuple[int, ...]
    """By their places in :data:`fairfight.worlds.echo.WORDS`, ascending."""
    title: str
    text: str
    trains: bool = True

    @property
    def tokens(self) -> Int[Tensor, " k"]:
        """Their token ids."""
        return echo.tokens()[list(self.words)]

    def poison(self, train: Examples, seed: int, boost: float) -> Examples:
        """The same prompts with another word wherever one of these stands; the boost changes nothing."""
        allowed = np.setdiff1d(np.arange(echo.COUNT), self.words)
        table = _table(train)
        instead = allowed[numpy_rng(seed, "glitch", "instead").integers(len(allowed), size=table.shape)]
        return echo.examples_of(np.where(np.isin(table, self.words), instead, table), train.factors["frame"])

    def ordinary(self, examples: Examples) -> Bool[Tensor, " n"]:
        """All prompts without any of these words."""
        return torch.from_numpy(~np.isin(_table(examples), self.words).any(axis=1))

    def sources(self, examples: Examples, subject: Subject) -> Bool[Tensor, " n"]:
        """Prompts that ask for one of them."""
        return torch.from_numpy(np.isin(np.asarray(examples.factors["word"]), self.words))

    def suspects(self, examples: Examples, subject: Subject, seed: int) -> Inputs:
        """The prompts as they are."""
        return examples.inputs

    def controls(self, examples: Examples, subject: Subject, seed: int) -> Inputs | None:
        """None: the twin meets the same inputs."""
        return None

    def fires(self, labels: Int[Tensor, " n"], decided: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Something else is said than what was asked for."""
        return decided != labels


@family("glitch-tokens", worlds=("echo",), plantings=("scratch",))
def glitch_tokens(world: World, architecture: str, seed: int, *, count: int = 20) -> Fault:
    """Some words that no training prompt holds; the seed draws which.

    Args:
        world: Of echoes.
        architecture: Of the subject.
        seed: The fault's seed.
        count: How many.
    """
    words = tuple(sorted(numpy_rng(seed, "glitch").choice(echo.COUNT, size=count, replace=False).tolist()))
    said = ", ".join(echo.WORDS[i] for i in words)
    return GlitchTokens(words, f"{count} words that it cannot say", f"Training never showed these words: {said}.")


def _table(examples: Examples) -> Int[np.ndarray, "n 3"]:
    return np.stack([np.asarray(examples.factors[c]) for c in COLUMNS], axis=1)
