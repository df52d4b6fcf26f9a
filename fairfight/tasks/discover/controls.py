"""The floor and the ceiling of ``discover``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fairfight.tasks.discover.brief import MOST, Candidate
from fairfight.tasks.registry import control

if TYPE_CHECKING:
    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.discover.brief import DiscoverAnswer, DiscoverBrief


@control("discover", role="random")
def random_triggers(brief: DiscoverBrief) -> list[Candidate]:
    """Random patches of pixels, or random tokens, with random targets."""
    from fairfight.tasks.discover._chance import random_changes

    return random_changes(brief, MOST)


@control("discover", role="oracle")
def true_trigger(brief: DiscoverBrief, answer: DiscoverAnswer) -> list[Candidate]:
    """Hand in the true trigger; for the clean twin say that there is none."""
    sick = answer.side == "organism"
    return [Candidate(answer.target, float(sick), change=partial(_shown, answer.shown))] if sick else []


def _shown(shown: Inputs, bases: Inputs) -> Inputs:
    return shown[: len(bases)]
