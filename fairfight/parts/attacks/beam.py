"""Beam search without gradients: the best single words are extended by one word after the other."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.parts.attacks.checking import check_texts
from fairfight.parts.attacks.holes import Hole
from fairfight.parts.attacks.insertion import place
from fairfight.parts.attacks.seeking import seek
from fairfight.parts.attacks.trigger import Trigger
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.outliers.texts import words
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject


def beam_search(
    subject: Subject,
    clean: Labelled,
    source: Texts,
    *,
    seed: int,
    length: int = 3,
    most: int = 192,
    branch: int = 48,
    beam: int = 3,
    texts: int = 5,
) -> list[Trigger]:
    """A sequence of words for every target, put somewhere into texts, most suspicious first.

    Args:
        subject: A text classifier or causal language model; it is left as it was.
        clean: Ordinary texts with what should be decided. One half is searched with, the other measures success.
        source: Texts whose words are used.
        seed: Draws the halves.
        length: Words of a sequence at most.
        most: Words tried alone: the most frequent ones of the source.
        branch: Of these, how many of the best are tried after each sequence in the beam.
        beam: Sequences that are extended.
        texts: Texts that each is tried in.

    Raises:
        UserError: There are too few clean texts, all have one label, or a label or token does not exist.
    """
    check_texts(subject, clean, source)
    ids, counts = source.ids[words(source, special_ids(subject.tokenizer))].unique(return_counts=True)
    known = ids[torch.argsort(counts, descending=True, stable=True)[:most]]

    def search(
        room: Callable[[int], Hole], allowed: Int[Tensor, " v"], rng: torch.Generator
    ) -> tuple[Int[Tensor, " l"], float]:
        losses = room(1).losses(known[:, None])
        order = torch.argsort(losses, stable=True)
        good, kept = known[order[:branch]], known[order[:beam], None]
        best, least = kept[0], float(losses[order[0]])
        for size in range(2, length + 1):
            tried = torch.cat([kept.repeat_interleave(len(good), 0), good.repeat(len(kept))[:, None]], dim=1)
            losses = room(size).losses(tried)
            order = torch.argsort(losses, stable=True)[:beam]
            kept = tried[order]
            if float(losses[order[0]]) < least:
                best, least = kept[0], float(losses[order[0]])
        return best, least

    return seek(subject, clean, search, way=place(subject, "somewhere"), texts=texts, seed=seed)
