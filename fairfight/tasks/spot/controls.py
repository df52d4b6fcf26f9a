"""The floor, the ceiling and the placebo of ``spot``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairfight.tasks.registry import control
from fairfight.tasks.spot.brief import Named

if TYPE_CHECKING:
    from fairfight.tasks.spot.brief import SpotAnswer, SpotBrief

NAMED = 20
"""Tokens that the floor names."""


@control("spot", role="random", modalities=("language",))
def random_tokens(brief: SpotBrief) -> list[Named]:
    """Name words by chance."""
    from fairfight.tasks.spot._testing import chance

    order = chance(brief).argsort()[:NAMED]
    return [Named(int(t), 1.0) for t in brief.words[order]]


@control("spot", role="oracle", modalities=("language",))
def true_tokens(brief: SpotBrief, answer: SpotAnswer) -> list[Named]:
    """Name the words that the subject cannot repeat."""
    return [Named(int(t), 1.0) for t in answer.unable]


@control("spot", role="placebo", of="embedding-geometry", modalities=("language",))
def shuffled_geometry(brief: SpotBrief) -> list[Named]:
    """Ask for as many words as ``embedding-geometry`` does, drawn by chance."""
    from fairfight.tasks.registry import contender
    from fairfight.tasks.spot._testing import chance, tested

    effort = contender("spot", "embedding-geometry").defaults
    return tested(brief, chance(brief), tokens=effort["tokens"], texts=effort["texts"])
