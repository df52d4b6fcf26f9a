"""Universal triggers (Wallace et al. 2019): tokens before any text, exchanged by a beam search along their gradients.

A first-order estimate of the loss chooses, at each place in turn, the tokens that are tried there (Ebrahimi et al.
2018, HotFlip), and the best few sequences go on to the next place.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.parts.attacks.holes import Hole
from fairfight.parts.attacks.insertion import place
from fairfight.parts.attacks.seeking import seek
from fairfight.parts.attacks.trigger import Trigger
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject


def universal_triggers(
    subject: Subject,
    clean: Labelled,
    *,
    seed: int,
    length: int = 3,
    rounds: int = 2,
    best: int = 16,
    beam: int = 3,
    texts: int = 6,
) -> list[Trigger]:
    """A sequence for every target that goes before the first word of texts, most suspicious first.

    Args:
        subject: A text classifier or causal language model; it is left as it was.
        clean: Ordinary texts with what should be decided. One half is searched with, the other measures success.
        seed: Draws the halves.
        length: Tokens of a sequence; at first all are the token that is nearest to the mean of all.
        rounds: How often each place is gone through.
        best: Tokens tried at a place of each sequence in the beam.
        beam: Sequences that go on.
        texts: Texts that each is tried in.

    Raises:
        UserError: There are too few clean texts, all have one label, or a label or token does not exist.
    """

    def search(
        room: Callable[[int], Hole], allowed: Int[Tensor, " v"], rng: torch.Generator
    ) -> tuple[Int[Tensor, " l"], float]:
        hole = room(length)
        table = hole.table[allowed]
        plain = allowed[(table - table.mean(0)).norm(dim=1).argmin()]
        kept = plain.expand(1, length)
        losses = hole.losses(kept)
        for at in list(range(length)) * rounds:
            tried = [kept]
            for sequence in kept:
                tokens = allowed[
                    hole.slopes(sequence)[at, allowed].topk(min(best, len(allowed)), largest=False).indices
                ]
                new = sequence.repeat(len(tokens), 1)
                new[:, at] = tokens
                tried.append(new)
            every = torch.cat(tried).unique(dim=0)
            losses = hole.losses(every)
            order = torch.argsort(losses, stable=True)[:beam]
            kept, losses = every[order], losses[order]
        return kept[0], float(losses[0])

    return seek(subject, clean, search, way=place(subject, "first"), texts=texts, seed=seed)
