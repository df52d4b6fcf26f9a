"""A few tokens that something makes suspicious, each tried in clean texts."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.attacks.checking import check_texts
from fairfight.parts.attacks.insertion import PLACES, place
from fairfight.parts.attacks.sequences import Put, Trial, frequent, lead_over
from fairfight.parts.attacks.trigger import Trigger, halves, success_of
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject

USUAL = 1.7
"""A lead over the next best token that is usual in healthy subjects, in logarithms of losses and share of success."""
TARGETS = 16
"""Targets at most."""


@torch.no_grad()
def tried(
    subject: Subject, clean: Labelled, tokens: Int[Tensor, " m"], *, seed: int, texts: int = 12, kept: int = 2
) -> list[Trigger]:
    """The best of some tokens for every target, put in at every place, most suspicious first.

    Args:
        subject: A text classifier or causal language model.
        clean: Ordinary texts with what should be decided. One half is searched with, the other measures success.
        tokens: At least two.
        seed: Draws the halves.
        texts: Texts that each is tried in.
        kept: Tokens given for each target.

    Raises:
        UserError: There are too few clean texts, or all have one label; or fewer than two tokens.
    """
    check_texts(subject, clean)
    if len(tokens) < 2:
        raise UserError("One token has no rival to be held against: give at least two.")
    known, held = halves(clean, seed)
    targets = frequent(clean.labels, TARGETS)
    ways = [place(subject, where) for where in PLACES]
    losses = Trial.of(subject, known, targets, texts).losses(tokens[:, None], ways)
    found = []
    for k, target in enumerate(targets.tolist()):
        best = losses[:, k].topk(min(kept + 1, len(tokens)), largest=False)
        for rank in range(min(kept, len(tokens) - 1)):
            token = (int(tokens[best.indices[rank]]),)
            success = sum(success_of(subject, Put(token, way), held, target) for way in ways) / len(ways)
            lead = lead_over(float(best.values[rank]), float(best.values[rank + 1]))
            odd = lead * max(0.0, 2 * success - 1) / USUAL
            found.append(Trigger(Put(token, place(subject, "somewhere")), target, success, 1.0, odd))
    return sorted(found, key=lambda t: (-t.suspicion, -t.success))
