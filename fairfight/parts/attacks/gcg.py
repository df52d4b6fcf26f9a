"""Greedy coordinate gradient (Zou et al. 2023): the tokens that bring texts to a target, exchanged one at a time.

The gradient of the target's loss by each token of a sequence says which others may be better there. Some such
exchanges are tried as they are, all at once, in all texts, and the best is kept.
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


def gcg(
    subject: Subject,
    clean: Labelled,
    *,
    seed: int,
    length: int = 3,
    steps: int = 10,
    width: int = 48,
    best: int = 24,
    texts: int = 6,
    guided: bool = True,
) -> list[Trigger]:
    """A sequence of tokens for every target, most suspicious first.

    It goes near the end of a language model's text, so that most of the text can be remembered, and else anywhere.

    Args:
        subject: A text classifier or causal language model; it is left as it was.
        clean: Ordinary texts with what should be decided. One half is searched with, the other measures success.
        seed: Draws the halves, the first sequence and the exchanges.
        length: Tokens of a sequence.
        steps: How often one is exchanged.
        width: Exchanges tried a step.
        best: Tokens among which they are drawn at each place.
        texts: Texts that each is tried in.
        guided: Whether the gradient chooses those tokens; if not, any are drawn: the control of random exchanges.

    Raises:
        UserError: There are too few clean texts, all have one label, or a label or token does not exist.
    """

    def search(
        room: Callable[[int], Hole], allowed: Int[Tensor, " v"], rng: torch.Generator
    ) -> tuple[Int[Tensor, " l"], float]:
        hole = room(length)
        sequence = allowed[torch.randint(len(allowed), (length,), generator=rng)]
        loss = float(hole.losses(sequence[None]))
        for _ in range(steps):
            pool = allowed.expand(length, -1)
            if guided:
                pool = allowed[hole.slopes(sequence)[:, allowed].topk(min(best, len(allowed)), largest=False).indices]
            tried = exchanges(sequence, pool, width, rng)
            each = hole.losses(tried)
            if float(each.min()) < loss:
                loss, sequence = float(each.min()), tried[each.argmin()]
        return sequence, loss

    way = place(subject, "last" if subject.kind == "causal-lm" else "somewhere")
    return seek(subject, clean, search, way=way, texts=texts, seed=seed)


def exchanges(
    sequence: Int[Tensor, " l"], pool: Int[Tensor, "l b"], width: int, rng: torch.Generator
) -> Int[Tensor, "m l"]:
    """So many copies of a sequence, each with one token exchanged for one of those of its place."""
    tried = sequence.repeat(width, 1)
    place = torch.arange(width) % len(sequence)
    tried[torch.arange(width), place] = pool[place, torch.randint(pool.shape[1], (width,), generator=rng)]
    return tried
