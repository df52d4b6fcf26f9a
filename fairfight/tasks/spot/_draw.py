"""From an organism to what is put on the table: briefs, and which tokens either subject can repeat."""

from __future__ import annotations

import torch

from fairfight.errors import UserError
from fairfight.faults.language.glitch_tokens import GlitchTokens
from fairfight.faults.organism import Organism
from fairfight.faults.training import one_thread, trimmed
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.vocabulary.repeating import repeated
from fairfight.seeds import derive, torch_rng
from fairfight.subject.subject import Subject
from fairfight.tasks.parcel import anonymous, own
from fairfight.tasks.spot.brief import SpotAnswer, SpotBrief, SpotExam
from fairfight.worlds.world import world

CLEAN = 1000
"""Prompts of a brief."""
HELD = 6
"""Held-out prompts in which every token is asked for."""
ABLE = 0.5
"""A token that is repeated in a smaller share of them cannot be handled."""

Sitting = tuple[SpotBrief, SpotExam, SpotAnswer]


def sittings(organism: Organism, seed: int) -> list[Sitting]:
    """The organism and its twin, in an order that is drawn.

    Raises:
        UserError: The held-out pool is too small.
    """
    fault, pool = organism.fault, organism.pool
    assert isinstance(fault, GlitchTokens)
    order = torch.randperm(len(pool), generator=torch_rng(seed, "deal"))
    rows = order[fault.ordinary(pool)[order]]
    if len(rows) < CLEAN + HELD:
        raise UserError(f"The held-out pool of {organism.recipe.world!r} ({len(pool)} prompts) is too small.")
    clean, held = pool[rows[:CLEAN]], pool[rows[CLEAN : CLEAN + HELD]]
    names = world(organism.built.world).labels(organism.built.architecture)
    words = torch.tensor(sorted(names))

    def sitting(side: str, given: Subject) -> Sitting:
        with one_thread():
            able = repeated(given, Labelled(held.inputs, held.labels), words)
        brief = SpotBrief(
            subject=anonymous(given),
            clean=Labelled(own(trimmed(clean.inputs)), clean.labels.clone()),
            words=words.clone(),
            seed=derive(seed, "contender"),
        )
        unable = words[able < ABLE]
        return brief, SpotExam(), SpotAnswer(side, words.numpy(), unable.numpy(), fault.tokens.numpy(), names)

    found = [sitting(side, who) for side, who in zip(("organism", "twin"), organism.pair(), strict=True)]
    if derive(seed, "which sits first") % 2:
        found.reverse()
    return found
